# A server of a service in a language without the package: its port is in the variable PORT. It prints its port and its
# process id.
#
#   PORT=3000 python3 service-server.py NAME

import http.server
import json
import os
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        text = f"{sys.argv[1]} {os.getcwd()}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("", int(os.environ["PORT"])), Handler)
print(json.dumps([server.server_port, os.getpid()]), flush=True)
server.serve_forever()
