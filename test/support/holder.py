# Holds ports. Its argument is JSON: {"sockets": [{"protocol": "tcp", "address": "::", "v6only": true, "listen": true}],
# "children": 2, "parent": "keeps", "uid": 65534}. The children inherit the sockets. The parent "keeps" them, "closes" them, or "ends".
# Prints a line of JSON: the ports, the ids of the processes that have the sockets, and the parent's. Ends when its input
# ends.

import json
import os
import socket
import sys

task = json.loads(sys.argv[1])
if "uid" in task:
    os.setgroups([])
    os.setgid(task["uid"])
    os.setuid(task["uid"])
sockets = []
for wanted in task["sockets"]:
    ipv6 = ":" in wanted["address"]
    kind = socket.SOCK_STREAM if wanted["protocol"] == "tcp" else socket.SOCK_DGRAM
    one = socket.socket(socket.AF_INET6 if ipv6 else socket.AF_INET, kind)
    if ipv6:
        one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1 if wanted.get("v6only") else 0)
    one.bind((wanted["address"], wanted.get("port", 0)))
    if wanted.get("listen"):
        one.listen()
    sockets.append(one)
ports = [one.getsockname()[1] for one in sockets]

children = []
for _ in range(task.get("children", 0)):
    pid = os.fork()
    if pid == 0:
        sys.stdin.read()
        os._exit(0)
    children.append(pid)
parent = task.get("parent", "keeps")
if parent == "closes":
    for one in sockets:
        one.close()
holders = children + ([os.getpid()] if parent == "keeps" else [])
print(json.dumps({"ports": ports, "pids": holders, "parent": os.getpid()}), flush=True)
if parent == "ends":
    os._exit(0)
sys.stdin.read()
