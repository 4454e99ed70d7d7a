"""Tools outside Python that some tests use: such a test runs where the tool is, and says plainly where it is not."""

import shutil

import pytest

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
