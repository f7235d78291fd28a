"""The words of mutation: values and headers that have broken some server or other."""

VALUES = (
    b"", b" ", b"nan", b"NaN", b"inf", b"-Infinity", b"null", b"None", b"true", b"0", b"-0", b"-1", b"1e400",
    b"1e-400", b"1_000", b"0x10", b"9223372036854775808", b"9007199254740993", b"1" * 400, b"1." + b"0" * 5000,
    b"2013.5", b"\xd9\xa1", b"\xef\xbc\x91", b"\x00", b"\xff", b"\xed\xa0\x80", b"\\ud800", b"\xf0\x9f\x9b\xab",
    b"\xef\xbb\xbf", b"\xe2\x80\xa8", b'"', b'""', b"'", b"\\", b",", b"\n", b"\r", b"\r\n", b"a" * 10_000, b"[]",
    b"{}", b"[[[[[[[[", b'{"a":', b"=1+1", b"%s%n", b"../../etc/passwd", b"1;2", b"1,5", b'"a\nb"', b"x\x1fy", b"1e5",
    b"+7", b".5", b"5.", b"1E+2", b"29", b"30", b"31", b"2359", b"2360", b"1860", b"0012",
)  # fmt: skip
TYPES = (
    b"", b"text/csv", b"TEXT/CSV", b"text/csv; header=present", b"text/csv;header=absent", b"text/csv; header=maybe",
    b"text/csv; charset=utf-16", b"application/json", b"application/json; charset=latin-1", b"application/jsonlines",
    b"application/x-ndjson", b"application/jsonl", b"application/vnd.apache.parquet", b"application/x-parquet",
    b"application/vnd.apache.arrow.stream", b"application/octet-stream", b"multipart/form-data; boundary=x", b"text/*",
    b"*/*", b";;;", b"text/csv; header*=utf-8''present", b"text/csv; header*0=pre; header*1=sent",
    b'text/csv; header="present', b"text/csv, application/json", b"\xff\xfe", b"a/b; " + b"x=y; " * 300,
)  # fmt: skip
ACCEPTS = (
    b"", b"*/*", b"text/csv", b"text/csv; header=present", b"application/json", b"application/jsonlines", b"text/html",
    b"*/*;q=0", b"text/csv;q=nan", b"text/csv;q=1e999", b"text/csv;q=-1", b"application/json; explain=contributions",
    b",,,,", b"text/csv; explain=contributions", b"application/jsonlines; explain=contributions",
    b"application/json; explain=x", b"application/json;q=0.1, text/csv;q=0.9", b"text/csv;" * 200, b"\xe9",
    b'application/json; q="0.5"', b"application/json;q=0,*/*",
)  # fmt: skip
ENCODINGS = (
    b"", b"gzip", b"GZIP", b"identity", b"deflate", b"br", b"gzip, gzip", b"x-gzip", b"\xff", b"gzip;q=1",
)  # fmt: skip
OTHERS = (
    b"X-Amzn-SageMaker-Inference-Id", b"X-Amzn-RequestId", b"X-Amzn-SageMaker-Custom-Attributes", b"Accept-Encoding",
    b"Cookie",
)  # fmt: skip
PATHS = (
    b"/invocations", b"/ping", b"/", b"/execution-parameters", b"/metrics", b"/invocations/", b"//invocations",
    b"/%2e%2e/", b"/ping?x",
)  # fmt: skip
METHODS = (
    b"POST", b"GET", b"HEAD", b"PUT", b"DELETE", b"OPTIONS", b"PATCH", b"TRACE", b"BREW", b"post",
)  # fmt: skip
