"""A client of NATS, with the library that its authors provide."""

import asyncio

from exchange import PATIENCE, context, say


def nats(options):
    import nats as library

    async def run():
        first = {"tls": context(options), "tls_hostname": options.name, "tls_handshake_first": True}
        client = await library.connect(
            f"nats://127.0.0.1:{options.port}", token=options.token, allow_reconnect=False, connect_timeout=PATIENCE,
            **(first if options.tls_first else {}))
        messages = await client.subscribe("robots.*")
        for number in range(options.count):
            await client.publish(f"robots.{number}", b"here")
        received = {(await messages.next_msg(PATIENCE)).subject for _ in range(options.count)}
        await client.close()
        return received

    try:
        say(outcome="answered", count=len(asyncio.run(run())))
    except Exception as error:
        say(outcome="failed", detail=repr(error))
