"""A serving program of the standard library that does what the request's body says."""

PROGRAM = """
import json, os, pathlib, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
ml = pathlib.Path(os.environ["FAIRWAY_ML_ROOT"])
answer = (ml / "model/answer.txt").read_text()
print("it starts", flush=True)
if os.environ.get("MODE") == "dies":
    sys.exit(1)
once = pathlib.Path(os.environ["MARK"]) if "MARK" in os.environ else None
kept = []
lock, working = threading.Lock(), 0

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    def log_message(self, *_):
        pass
    def reply(self, status, text, kind="application/json"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())
    def do_GET(self):
        self.reply(200, "")
    def do_POST(self):
        asked = self.rfile.read(int(self.headers["Content-Length"])).decode()
        word, _, rest = asked.partition(":")
        if word == "pid":
            self.reply(200, str(os.getpid()))
        elif word == "sleep":
            time.sleep(float(rest))
            self.reply(200, str(os.getpid()))
        elif word == "together":
            global working
            with lock:
                working += 1
                now = working
            time.sleep(float(rest))
            with lock:
                working -= 1
            self.reply(200, str(now))
        elif word == "eat":
            kept.append(bytearray(os.urandom(1 << 20)) * int(rest))
            time.sleep(3)
            self.reply(200, "eaten")
        elif word == "die" or (word == "die-once" and not once.exists()):
            if word == "die-once":
                once.write_text("")
            os._exit(1)
        elif word == "refuse":
            self.reply(400, "row 1: nothing of this is a number")
        elif word == "break":
            self.reply(500, "it broke")
        elif word == "headers":
            self.reply(200, json.dumps({name.lower(): value for name, value in self.headers.items()}))
        else:
            self.reply(200, answer + ":" + asked, "text/csv")

address = os.environ["FAIRWAY_BIND_ADDRESS"], int(os.environ["SAGEMAKER_BIND_TO_PORT"])
ThreadingHTTPServer(address, Handler).serve_forever()
"""
FILES = {"opt/program/app.py": PROGRAM.encode()}
