# The image of jobs and serving. `fairway.delivery.image` builds it from a base named by digest; the tag below is for trying
# it by hand. Any base with Python 3.11 or later and its venv module will do.
ARG BASE_IMAGE=public.ecr.aws/docker/library/python:3.11-slim-bookworm

FROM ${BASE_IMAGE} AS environment
COPY requirements/serving.txt /requirements.txt
# pip stays in a virtual environment of its own, which is left behind. Wheels only: nothing is compiled, so no compiler is
# needed. A private package index comes as the secret `pip.conf`, which no layer keeps.
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    python3 -m venv /opt/pip \
    && python3 -m venv --without-pip /opt/environment \
    && /opt/pip/bin/pip --python /opt/environment/bin/python install \
        --no-cache-dir --require-hashes --only-binary :all: --requirement /requirements.txt

FROM ${BASE_IMAGE}
# No home and no shell; the number is fixed, for whoever mounts volumes for it. SageMaker mounts its own over /opt/ml: that
# a user who is not root may write there is not documented, and was reported not to hold for the outputs of processing
# (aws/sagemaker-python-sdk#4764). A job then fails with PermissionError in its log, and USER below is the line to change.
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin fairway \
    && install --directory --owner fairway --group fairway /opt/ml
COPY --from=environment /opt/environment /opt/environment
COPY requirements/serving.txt /opt/program/requirements.txt
COPY src/fairway /opt/program/fairway
COPY src/model /opt/program/model
ENV PATH=/opt/environment/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    PYTHONPATH=/opt/program \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    MPLCONFIGDIR=/tmp/matplotlib
WORKDIR /opt/program
USER 10001:10001
ENTRYPOINT ["python", "-m", "fairway.container"]
