"""The endpoints of these tests have variants of a program that does what its requests say."""

import pytest
from tests.integration.modes.endpoints import config, image, model

__all__ = ["config", "image", "model"]

ONE = {"MemorySizeInMB": 1024, "MaxConcurrency": 1}


@pytest.fixture(scope="module")
def runtime(twin):
    return twin.client("sagemaker-runtime")


@pytest.fixture
def ask(runtime):
    def send(name, body="pid", **members):
        return runtime.invoke_endpoint(EndpointName=name, Body=body.encode(), **members)["Body"].read().decode()

    return send


@pytest.fixture
def serverless(endpoint, config, model):
    """Make a serverless endpoint; return its name."""

    def make(environment=None, **settings):
        name = model(environment=environment)
        return endpoint(config(name, ServerlessConfig={**ONE, **settings}))["EndpointName"]

    return make
