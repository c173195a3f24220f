"""Arguments of the methods of contracts: what arrived is checked by the schemas that the contract announces."""

from collections.abc import Mapping
from typing import Any

from .errors import HandlerError
from .frame import NOTHING
from .rich_json import TAGS, from_rich
from .texts import is_number

TOLD = 3
"""Violations that a message names; all of them are in the details."""
UNDEFINED = {"$undefined": True}
_JSON: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "null": (type(None),),
    "array": (list,),
    "object": (dict,),
}


class Arguments:
    """Reads the arguments of one method, and says what is wrong with them."""

    def __init__(self, method: Mapping[str, Any], defs: Mapping[str, Any], left_out: list[Any]) -> None:
        """`method`: as the contract describes it. `left_out`: what stands for each parameter that is not given."""
        self._pattern: str = method["pattern"]
        self._parameters: list[Mapping[str, Any]] = method["parameters"]
        self._defs, self._left_out = defs, left_out

    def read(self, data: Any) -> list[Any]:
        """What the method gets. Raises HandlerError with the code VALIDATION; the method has certainly not run then."""
        wrong = _Violations(self._defs)
        given = data if isinstance(data, list) else []
        if not isinstance(data, list):
            wrong.add("arguments", "type", "must be a list: one argument per parameter")
        else:
            self._check(given, wrong)
        values = [self._value(at, value, wrong) for at, value in enumerate(given)] if not wrong.found else []
        if wrong.found:
            raise HandlerError(wrong.told(self._pattern))
        return values

    def _check(self, given: list[Any], wrong: "_Violations") -> None:
        parameters = self._parameters
        for parameter in parameters[len(given) :]:
            if not parameter.get("optional") and not parameter.get("rest"):
                wrong.add(parameter["name"], "required", "must be given")
        if len(given) > len(parameters) and not (parameters and parameters[-1].get("rest")):
            wrong.add("arguments", "count", f"must be {len(parameters)} at most, not {len(given)}")
            return
        for at, value in enumerate(given):
            parameter = parameters[min(at, len(parameters) - 1)]
            if not (parameter.get("optional") and value == UNDEFINED):
                wrong.check(self._name(at), parameter["schema"], value)

    def _name(self, at: int) -> str:
        last = len(self._parameters) - 1
        parameter = self._parameters[min(at, last)]
        return f"{parameter['name']}[{at - last}]" if parameter.get("rest") else str(parameter["name"])

    def _value(self, at: int, value: Any, wrong: "_Violations") -> Any:
        try:
            read = from_rich(value)
        except ValueError as error:
            wrong.add(self._name(at), "format", str(error))
            return None
        return self._left_out[at] if read is NOTHING and at < len(self._left_out) else read


class _Violations:
    """What is wrong, by property and rule, in the words of the library for Node."""

    def __init__(self, defs: Mapping[str, Any]) -> None:
        self._defs = defs
        self.found: dict[str, dict[str, str]] = {}

    def add(self, place: str, rule: str, words: str) -> None:
        self.found.setdefault(place, {})[rule] = words

    def told(self, pattern: str) -> dict[str, Any]:
        """What the caller gets."""
        told = [f"{place}: {', '.join(rules.values())}" for place, rules in self.found.items()]
        more = f"; and {len(told) - TOLD} more" if len(told) > TOLD else ""
        return {
            "status": "error",
            "name": "ContractValidationError",
            "message": f"arguments of {pattern} are not valid: {'; '.join(told[:TOLD])}{more}",
            "code": "VALIDATION",
            "details": [{"property": place, "constraints": rules} for place, rules in self.found.items()],
        }

    def check(self, place: str, schema: Mapping[str, Any], value: Any) -> None:
        """Checks a value, as it travels, by one of the schemas that annotations make."""
        if "$ref" in schema:
            schema = self._defs[schema["$ref"].rpartition("/")[2]]
        if "anyOf" in schema:
            if not any(self._fits(one, value) for one in schema["anyOf"]):
                self.add(place, "anyOf", "must match one of its types")
        elif "enum" in schema:
            if not any(type(one) is type(value) and one == value for one in schema["enum"]):
                self.add(place, "enum", "must be equal to one of the allowed values")
        elif "type" in schema and not _is(schema["type"], value, schema):
            self.add(place, "type", f"must be {schema['type']}")
        elif isinstance(value, list) and "items" in schema:
            for at, item in enumerate(value):
                self.check(f"{place}[{at}]", schema["items"], item)
        elif isinstance(value, dict):
            self._check_object(place, schema, value)

    def _check_object(self, place: str, schema: Mapping[str, Any], value: dict[str, Any]) -> None:
        value = _unescaped(value)
        for name in schema.get("required", ()):
            if name not in value:
                self.add(f"{place}.{name}", "required", "must be given")
        known = schema.get("properties", {})
        for name, item in value.items():
            inner = known.get(name, schema.get("additionalProperties"))
            if isinstance(inner, dict):
                self.check(f"{place}.{name}", inner, item)

    def _fits(self, schema: Mapping[str, Any], value: Any) -> bool:
        inner = _Violations(self._defs)
        inner.check("", schema, value)
        return not inner.found


def _tag(value: Any) -> str:
    """The key of an object that stands for a value that JSON has no form for; empty: it is none."""
    key = next(iter(value)) if isinstance(value, dict) and len(value) == 1 else ""
    return key if key in TAGS else ""


def _unescaped(value: dict[str, Any]) -> dict[str, Any]:
    key = next(iter(value)) if len(value) == 1 else ""
    return {key[1:]: value[key]} if key.startswith("$$") else value


def _is(kind: str, value: Any, schema: Mapping[str, Any]) -> bool:
    tag = _tag(value)
    if kind in ("integer", "number"):
        if kind == "integer":
            return tag == "$bigint" or (is_number(value) and value == int(value))
        return tag in ("$bigint", "$number") or is_number(value)
    if tag and tag not in schema.get("properties", {}):
        return False
    return isinstance(value, _JSON[kind]) if kind in _JSON else True
