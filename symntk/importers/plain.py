"""What a document is made of; Decimals are numbers written out exactly."""

from __future__ import annotations

from decimal import Decimal
from typing import TypeAlias

Plain: TypeAlias = "str | int | Decimal | bool | list[str] | list[int] | dict[str, Plain]"
