"""The inherited suite explains its failures as tests do."""

import pytest

pytest.register_assert_rewrite("tests.contract.career_contract")
