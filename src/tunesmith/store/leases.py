"""Leases: who has a running trial, and whether that worker is still alive."""

# Written by the owner of the store; the names below are the contract.
from dataclasses import dataclass

EXPIRY = 60.0  # seconds without a heartbeat after which a worker elsewhere counts as dead
BEAT = 15.0  # seconds between heartbeats
MAX_LOST = 3  # attempts lost with their worker after which a trial has FAILED


@dataclass(frozen=True, slots=True)
class Worker:
    """A process that runs or asked for trials."""

    id: str
