"""What a request may ask for, whichever way it asks."""

SPEED = (0.25, 4.0)
"""Times the voice's own rate."""
VOLUME_DB = (-60.0, 20.0)
