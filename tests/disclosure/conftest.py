"""The attack suite as a module: it lies beside the tests and the benchmark reads the same file."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import settings

# first calls compile and read: a deadline would judge the machine, not the code
settings.register_profile("tallystick", deadline=None)
settings.load_profile("tallystick")


@pytest.fixture(scope="session")
def suite() -> ModuleType:
    spec = importlib.util.spec_from_file_location("disclosure_suite", Path(__file__).with_name("suite.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["disclosure_suite"] = module
    spec.loader.exec_module(module)
    return module
