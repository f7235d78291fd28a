"""A model for transform jobs: it adds up rows of CSV, doubles x of JSON, and fails as the records ask."""

PROGRAM = """
import json, os, sys, time
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
seen = set()
if os.environ.get("MODE") == "dies":
    sys.exit(1)

def one(record, kind):
    if kind == "text/csv":
        return str(sum(float(field) for field in record.split(",")))
    return json.dumps({"y": 2 * json.loads(record)["x"]})

def predicted(body, kind, accept):
    lines = body.splitlines()
    print("asked", len(lines), "records,", len(body), "bytes,", kind, accept, flush=True)
    if body == "environment":
        return "200 OK", json.dumps(dict(os.environ))
    if "wait" in lines:
        time.sleep(60)
    if "die" in lines:
        os._exit(1)
    if "bad" in lines:
        return "400 Bad Request", "row 1 is bad"
    if "flaky" in lines and body not in seen:
        seen.add(body)
        return "500 Internal Server Error", "it broke once"
    return "200 OK", "\\n".join(one(line, kind) for line in lines if line != "flaky")

def application(environ, start):
    status, text = "200 OK", os.environ.get("PARAMETERS", "")
    if environ["PATH_INFO"] == "/execution-parameters" and not text:
        status = "404 Not Found"
    if environ["PATH_INFO"] == "/invocations":
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])).decode()
        status, text = predicted(body, environ["CONTENT_TYPE"], environ["HTTP_ACCEPT"])
    start(status, [("Content-Length", str(len(text.encode())))])
    return [text.encode()]

class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass

address = os.environ["FAIRWAY_BIND_ADDRESS"], int(os.environ["SAGEMAKER_BIND_TO_PORT"])
make_server(*address, application, server_class=Server, handler_class=Quiet).serve_forever()
"""
FILES = {"opt/program/app.py": PROGRAM.encode()}
