import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

from greeting import greet


class Greeter(BaseHTTPRequestHandler):
    def do_GET(self):
        body = greet(self.path.strip("/") or "world").encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        print(f"python {sys.version_info[0]}.{sys.version_info[1]}, {greet('distroless')}")
    else:
        HTTPServer(("", 8000), Greeter).serve_forever()
