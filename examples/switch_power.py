"""Switch the power on, and say what became of it."""

from m2com_twisted import CommandError, PowerType, TcpClient


async def switch_power_on(client: TcpClient) -> str:
    """Return what became of it, in words for whoever is on shift."""
    details = {"powerType": PowerType.Communication, "status": True}
    try:
        outcome = await client.run_command("power", details, timeout=90)
    except CommandError as error:
        if error.outcome_unknown:
            return f"Look before you repeat it. {error}"
        return f"Nothing to look for. {error}"
    return f"Switched on in {outcome.latency:.1f} s"
