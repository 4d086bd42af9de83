"""The same job with asyncio, a Protocol for each client.

The streams of asyncio are easier to read, but no faster: a Protocol is the
better of the two here. TCP_NODELAY is set by asyncio itself. For each message
it takes 256 KiB to read into; in a process that is young the C library maps
and unmaps them each time, and that is most of what a message costs here. A
BufferedProtocol, with a buffer that stays, would not pay that.

Usage: aio.py [PORT]    on 127.0.0.1: 0 unless given, for a free one
Limit: it reads on while answers are left; its memory grows with them.
"""

import asyncio
import sys


class Upper(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data.upper())


async def main():
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Upper, "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


asyncio.run(main())
