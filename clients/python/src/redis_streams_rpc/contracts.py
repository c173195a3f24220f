"""Contracts: services whose methods are described by their annotations, and clients of described services."""

import inspect
import json
import time
import types
import typing
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from .arguments import Arguments
from .caller import Caller
from .digests import digest
from .errors import DeadLetter, HandlerError, RemoteError
from .frame import NOTHING
from .patterns import canonical
from .rich_json import from_rich, to_rich
from .texts import write_json

if TYPE_CHECKING:
    from .member import Member
    from .service import Service

LIFE = 3_600_000
Method = TypeVar("Method", bound=Callable[..., Any])


def prefix_of(name: str, namespace: str | None) -> str:
    """What patterns of a contract begin with, and its name in the directory."""
    return f"{namespace}.{name}" if namespace else name


class Contract:
    """A service by its name and version. Decorate its methods with `command`, `streamed` and `event`."""

    def __init__(self, name: str, version: str, *, namespace: str | None = None, doc: str | None = None) -> None:
        self.name, self.version, self.namespace, self.doc = name, version, namespace, doc
        self.prefix = prefix_of(name, namespace)
        self._methods: dict[str, tuple[str, Callable[..., Any]]] = {}
        self._began = time.monotonic()

    def command(self, method: Method) -> Method:
        """Answers with one value."""
        return self._add("command", method)

    def streamed(self, method: Method) -> Method:
        """Answers with a stream: an async generator."""
        return self._add("streamed", method)

    def event(self, method: Method) -> Method:
        """Handles an event."""
        return self._add("event", method)

    def _add(self, kind: str, method: Method) -> Method:
        self._methods[method.__name__] = (kind, method)
        return method

    def document(self) -> dict[str, Any]:
        """The contract as data: what is announced, compared and generated from."""
        schemas = _Schemas()
        methods = {name: self._described(name, kind, method, schemas) for name, (kind, method) in self._methods.items()}
        known = {"name": self.name, "version": self.version, "namespace": self.namespace, "doc": self.doc}
        compared = {
            name: [
                one["kind"],
                [{word: p[word] for word in ("optional", "rest", "schema") if word in p} for p in one["parameters"]],
                one["returns"],
            ]
            for name, one in methods.items()
        }
        hash_ = digest(canonical([compared, schemas.defs]))
        said = {word: value for word, value in known.items() if value is not None}
        return {**said, "hash": hash_, "methods": methods, "$defs": schemas.defs}

    def _described(self, name: str, kind: str, method: Callable[..., Any], schemas: "_Schemas") -> dict[str, Any]:
        hints = typing.get_type_hints(method)
        returns = hints.get("return", Any)
        if kind == "streamed":
            returns = (*typing.get_args(returns), Any)[0]
        said = {"kind": kind, "pattern": f"{self.prefix}.{name}"}
        if doc := inspect.getdoc(method):
            said["doc"] = doc
        parameters = []
        for parameter in inspect.signature(method).parameters.values():
            one: dict[str, Any] = {"name": parameter.name}
            if parameter.default is not parameter.empty:
                one["optional"] = True
                if parameter.default is None or isinstance(parameter.default, str | int | float | bool):
                    one["default"] = parameter.default
            if parameter.kind is parameter.VAR_POSITIONAL:
                one["rest"] = True
            parameters.append({**one, "schema": schemas.of(hints.get(parameter.name, Any))})
        return {**said, "parameters": parameters, "returns": schemas.of(returns)}

    def serve(self, service: "Service") -> None:
        """Adds the methods to a service, which then announces the contract."""
        document = self.document()
        text = write_json(document)
        for name, (kind, method) in self._methods.items():
            add = service.event if kind == "event" else service.message
            arguments = Arguments(document["methods"][name], document["$defs"], _left_out(method))
            add(f"{self.prefix}.{name}")(_MAKERS[kind](method, arguments))
        service.options.offers.append(lambda member: self._offer(member, text))

    async def _offer(self, member: "Member", text: str) -> None:
        """Says for as long as the lease holds what the service offers: in the first shard only."""
        if member.keys.tag:
            return
        name, key = member.keys.name, digest(text)
        uptime = int((time.monotonic() - self._began) * 1000)
        about = {"version": self.version, "hash": json.loads(text)["hash"], "force": False, "uptime": uptime}
        counts = {method: member.statistics.of_method(f"{self.prefix}.{method}") for method in self._methods}
        called = {method: count for method, count in counts.items() if count}
        card = write_json({"group": member.group, "document": key, "about": {**about, "methods": called}})
        keys = [name("services"), *(name(kind, self.prefix) for kind in ("instances", "about")), name("document", key)]
        args = [member.consumer, self.prefix, member.options.lease_ttl, card, LIFE]
        if await member.script("describe", keys, [*args, ""]) == "unknown":
            await member.script("describe", keys, [*args, text])


def _answering(method: Callable[..., Any], arguments: Arguments) -> Callable[[Any], Any]:
    async def answer(data: Any) -> Any:
        said = method(*arguments.read(data))
        return to_rich(await said if inspect.isawaitable(said) else said)

    return answer


def _hearing(method: Callable[..., Any], arguments: Arguments) -> Callable[[Any], Any]:
    async def hear(data: Any) -> None:
        try:
            given = arguments.read(data)
        except HandlerError as error:
            # No further attempt would find them valid.
            raise DeadLetter(error.payload["message"]) from None
        said = method(*given)
        if inspect.isawaitable(said):
            await said

    return hear


def _streaming(method: Callable[..., AsyncIterator[Any]], arguments: Arguments) -> Callable[[Any], AsyncIterator[Any]]:
    async def stream(data: Any) -> AsyncIterator[Any]:
        async for value in method(*arguments.read(data)):
            yield to_rich(value)

    return stream


_MAKERS: dict[str, Callable[[Any, Arguments], Callable[[Any], Any]]] = {
    "command": _answering,
    "streamed": _streaming,
    "event": _hearing,
}


def _left_out(method: Callable[..., Any]) -> list[Any]:
    """What stands for each parameter that is not given: its default, or nothing."""
    parameters = inspect.signature(method).parameters.values()
    return [NOTHING if one.default is one.empty else one.default for one in parameters]


def _tagged(word: str, inner: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": {word: inner}, "required": [word]}


_PLAIN: dict[Any, dict[str, Any]] = {
    Any: {},
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    type(None): {"type": "null"},
    datetime: _tagged("$date", {"type": "string", "format": "date-time"}),
    bytes: _tagged("$bytes", {"type": "string", "format": "base64"}),
    list: {"type": "array"},
    dict: {"type": "object"},
}


class _Schemas:
    """JSON Schemas of annotations. Those of TypedDict classes are definitions."""

    def __init__(self) -> None:
        self.defs: dict[str, Any] = {}

    def of(self, hint: Any) -> dict[str, Any]:
        if hint in _PLAIN:
            return _PLAIN[hint]
        if typing.is_typeddict(hint):
            return self._typed_dict(hint)
        origin, args = typing.get_origin(hint), typing.get_args(hint)
        if origin is list:
            return {"type": "array", "items": self.of(args[0])}
        if origin is dict:
            return {"type": "object", "additionalProperties": self.of(args[1])}
        if origin is Literal:
            return {"enum": list(args)}
        if origin in (typing.Union, types.UnionType):
            return {"anyOf": [self.of(arg) for arg in args]}
        return {}

    def _typed_dict(self, hint: Any) -> dict[str, Any]:
        name = hint.__name__
        if name not in self.defs:
            made: dict[str, Any] = {}
            self.defs[name] = made
            hints = typing.get_type_hints(hint)
            made |= {"type": "object", "properties": {key: self.of(of) for key, of in hints.items()}}
            if required := sorted(hint.__required_keys__):
                made["required"] = required
        return {"$ref": f"#/$defs/{name}"}


class ContractClient:
    """What generated clients have in common: they call the service that `prefix` names."""

    prefix: str

    def __init__(self, caller: Caller, **options: Any) -> None:
        """`options` are those of `Caller.call`, for all calls."""
        self._caller, self._options = caller, options

    async def _call(self, method: str, arguments: list[Any]) -> Any:
        with _remote_errors():
            return from_rich(await self._caller.call(f"{self.prefix}.{method}", _list(arguments), **self._options))

    async def _stream(self, method: str, arguments: list[Any]) -> AsyncIterator[Any]:
        with _remote_errors():
            async for value in self._caller.stream(f"{self.prefix}.{method}", _list(arguments), **self._options):
                yield from_rich(value)

    async def _emit(self, method: str, arguments: list[Any]) -> None:
        await self._caller.emit(f"{self.prefix}.{method}", _list(arguments))


class _remote_errors:
    """Reads what a service says of its errors, which are encoded as its values are."""

    def __enter__(self) -> None: ...

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, RemoteError):
            raise RemoteError(from_rich(error.payload)) from None


def _list(arguments: list[Any]) -> list[Any]:
    """The arguments as they travel: those that are left out at the end are missing."""
    given = list(arguments)
    while given and given[-1] is NOTHING:
        given.pop()
    return [to_rich(argument) for argument in given]
