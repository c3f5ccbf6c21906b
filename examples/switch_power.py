"""Switch the power on, and report the outcome."""

from m2com_twisted import CommandError, PowerType, TcpClient


async def switch_power_on(client: TcpClient) -> str:
    """Return the outcome in words for the operator."""
    details = {"powerType": PowerType.Communication, "status": True}
    try:
        outcome = await client.run_command("power", details, timeout=90)
    except CommandError as error:
        if error.outcome_unknown:
            return f"Check the state before you repeat it. {error}"
        return f"It did not succeed. {error}"
    return f"Switched on in {outcome.latency:.1f} s"
