"""What every plugin must do, whatever it registers."""

from typing import Any

import attrs
import pytest

from koe.api import Plugin, structure
from koe.collect import KINDS
from koe.structure import keys
from koe.testing.build import registry_of


class PluginConformance:
    """Subclass, and override `plugin_class` with a fixture that gives yours (and `config`)."""

    @pytest.fixture
    def plugin_class(self) -> type[Plugin]:
        """The plugin under test."""
        raise NotImplementedError("override the fixture `plugin_class`")

    @pytest.fixture
    def config(self, plugin_class: type[Plugin]) -> Any:
        """An instance of its `Config`; by default what an empty table gives. None where it has none."""
        return None if plugin_class.Config is None else structure({}, plugin_class.Config)

    def test_its_config_is_a_frozen_attrs_class(self, plugin_class: type[Plugin], config: Any) -> None:
        if plugin_class.Config is None:
            pytest.skip("it has no settings")
        assert attrs.has(plugin_class.Config)
        field = next(iter(attrs.fields(plugin_class.Config)), None)
        if field is not None:
            with pytest.raises(attrs.exceptions.FrozenInstanceError):
                setattr(config, field.name, getattr(config, field.name))

    def test_every_field_of_its_config_can_be_read_from_a_file(self, plugin_class: type[Plugin]) -> None:
        """Their types are among those that koe reads; `UnsupportedTypeError` names one that is not."""
        if plugin_class.Config is None:
            pytest.skip("it has no settings")
        assert set(keys(plugin_class.Config)) == {
            field.alias for field in attrs.fields(plugin_class.Config) if field.init
        }

    def test_two_instances_register_the_same(self, plugin_class: type[Plugin], config: Any) -> None:
        """What is registered depends on the config alone, and making a plugin leaves nothing behind."""
        assert _registered(plugin_class, config) == _registered(plugin_class, config)


def _registered(plugin_class: type[Plugin], config: Any) -> dict[str, list[str]]:
    plugin = plugin_class() if plugin_class.Config is None else plugin_class(config)
    registry = registry_of(plugin)
    return {kind: list(getattr(registry, kind)) for kind in KINDS}
