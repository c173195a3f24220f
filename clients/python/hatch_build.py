"""The scripts are the library's own: what is built holds those of the version that it was built with."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Scripts(BuildHookInterface):
    """Takes them from the repository. A source distribution has them, and a wheel that is built from it too."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        scripts = Path(self.root, "../../libs/redis-stream-transport/scripts").resolve()
        if version != "editable" and (scripts / "manifest.json").is_file():
            inside = "redis_streams_rpc/lua"
            build_data["force_include"][str(scripts)] = inside if self.target_name == "wheel" else f"src/{inside}"
