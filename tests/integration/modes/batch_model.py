"""A model for transform jobs: it adds up rows of CSV, doubles x of JSON, and fails as the records ask."""

PROGRAM = """
import json, os, sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
seen = set()
if os.environ.get("MODE") == "dies":
    sys.exit(1)

def one(record, kind):
    if kind == "text/csv":
        return str(sum(float(field) for field in record.split(",")))
    return json.dumps({"y": 2 * json.loads(record)["x"]})

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    def log_message(self, *_):
        pass
    def reply(self, status, text):
        self.send_response(status)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())
    def do_GET(self):
        parameters = os.environ.get("PARAMETERS")
        if self.path == "/execution-parameters":
            self.reply(200 if parameters else 404, parameters or "")
        else:
            self.reply(200, "")
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        kind = self.headers["Content-Type"]
        lines = body.splitlines()
        print("asked", len(lines), "records,", len(body), "bytes,", kind, self.headers["Accept"], flush=True)
        if body == "environment":
            return self.reply(200, json.dumps(dict(os.environ)))
        if "wait" in lines:
            time.sleep(60)
        if "bad" in lines:
            return self.reply(400, "row 1 is bad")
        if "broken" in lines:
            return self.reply(500, "it broke")
        if "flaky" in lines and body not in seen:
            seen.add(body)
            return self.reply(500, "it broke once")
        if "die" in lines:
            os._exit(1)
        self.reply(200, "\\n".join(one(line, kind) for line in lines if line != "flaky"))

address = os.environ["FAIRWAY_BIND_ADDRESS"], int(os.environ["SAGEMAKER_BIND_TO_PORT"])
ThreadingHTTPServer(address, Handler).serve_forever()
"""
FILES = {"opt/program/app.py": PROGRAM.encode()}
