"""Speech as it sounds on the telephone."""

from koe_telephone.config import TelephoneConfig
from koe_telephone.plugin import TelephonePlugin
from koe_telephone.processor import Telephone

__all__ = ["Telephone", "TelephoneConfig", "TelephonePlugin"]
