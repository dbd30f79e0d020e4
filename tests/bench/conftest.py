"""The robots of the benchmarks are built away from what users build."""

from importlib import import_module

import pytest


@pytest.fixture(autouse=True, scope="session")
def _built_apart(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        # `codegen.build` names the function, not its module
        patch.setattr(
            import_module("codegen.build"), "GENERATED", tmp_path_factory.mktemp("generated")
        )
        yield
