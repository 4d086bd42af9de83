"""The same job in Python, a thread for each client.

Usage: threads.py [PORT]    on 127.0.0.1: 0 unless given, for a free one
Limit: one thread runs at a time, and with thousands of them the struggle for
its turn may take all the time there is.
"""

import socket
import sys
import threading


def serve(client):
    with client:
        try:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while data := client.recv(4096):
                client.sendall(data.upper())
        except ConnectionError:
            pass


port = int(sys.argv[1]) if len(sys.argv) > 1 else 0
with socket.create_server(("127.0.0.1", port), backlog=4096) as listener:
    while True:
        client, _ = listener.accept()
        threading.Thread(target=serve, args=(client,), daemon=True).start()
