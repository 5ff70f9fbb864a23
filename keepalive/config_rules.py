"""What a value of `config.toml` has to be, said at its key and checked by pydantic.

That library is loaded when a file is checked and not before: it takes longer than the sidebar may take to start, and a
file that has not changed since it was found right (see config_checked.py) is not checked again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

import msgspec

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """One table of the file. A key that it does not have is refused, and so is a value of another type."""

    OURS: ClassVar[frozenset[str]] = frozenset()
    """Fields that are no keys."""

    @classmethod
    def from_file(cls, values: dict[str, Any]) -> Self:
        """Made of the keys that the file has, checked."""
        return cls(**values)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        keys = {
            one.name: core_schema.typed_dict_field(handler.generate_schema(one.type), required=False)
            for one in msgspec.structs.fields(cls)
            if one.name not in cls.OURS
        }
        table = core_schema.typed_dict_schema(
            keys, extra_behavior="forbid", config=core_schema.CoreConfig(strict=True, allow_inf_nan=False)
        )
        return core_schema.no_info_after_validator_function(cls.from_file, table)


class Within(msgspec.Struct, frozen=True):
    """A number between bounds."""

    gt: float | None = None
    ge: float | None = None
    le: float | None = None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic import Field

        return handler.generate_schema(Annotated[source, Field(gt=self.gt, ge=self.ge, le=self.le)])


class Word(msgspec.Struct, frozen=True):
    """One of an enum's words, written as text."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic import Field

        return handler.generate_schema(Annotated[source, Field(strict=False)])


class Checked(msgspec.Struct, frozen=True):
    """`check` gives the value back, as it is used, or raises ValueError with what is wrong."""

    check: Callable[[Any], object]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        return core_schema.no_info_after_validator_function(self.check, handler(source))


class Prepared(msgspec.Struct, frozen=True):
    """The same before its type is looked at."""

    prepare: Callable[[object], object]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        return core_schema.no_info_before_validator_function(self.prepare, handler(source))
