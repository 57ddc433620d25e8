# syntax=docker/dockerfile:1.10

# Targets: `cpu`, the default, and `gpu`. docs/deployment.md says how to build and run them.
ARG PYTHON_IMAGE=python:3.12.13-slim-trixie
# It has to have the same Python. The plugin nemo is built with a compiler, which python:3.12.13-trixie has.
ARG BUILD_IMAGE=${PYTHON_IMAGE}

FROM ${BUILD_IMAGE} AS build
ARG PLUGINS=""
ARG UV_CONSTRAINT=""
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore \
    UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never
RUN pip install --no-cache-dir uv==0.13.8
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY core/ core/
COPY plugins/ plugins/
COPY deploy/docker/ deploy/docker/
# With pip, for images that add plugins; without the workspace's sources, which would be links to /src, and
# without uv's lock, which everybody may write to.
RUN --mount=type=cache,target=/root/.cache/uv \
    requirement="$(python deploy/docker/requirement.py "$PLUGINS")" \
    && uv venv --seed /opt/koe \
    && uv pip install --python /opt/koe --no-sources "$requirement" \
    && rm -f /opt/koe/.lock

# Both builds of ONNX Runtime have the same files, so one goes before the other comes.
FROM build AS build-gpu
ARG ONNXRUNTIME_GPU="==1.31.1"
RUN --mount=type=cache,target=/root/.cache/uv \
    uv pip uninstall --python /opt/koe onnxruntime \
    && uv pip install --python /opt/koe "onnxruntime-gpu[cuda,cudnn]${ONNXRUNTIME_GPU}" \
    && rm -f /opt/koe/.lock \
    && /opt/koe/bin/python deploy/docker/has_provider.py CUDAExecutionProvider

FROM ${PYTHON_IMAGE} AS runtime
ARG VERSION=0.1.0
ARG REVISION=""
LABEL org.opencontainers.image.title="koe" \
      org.opencontainers.image.description="A plugin-based speech server for Kokoro-82M on ONNX Runtime" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="Apache-2.0 AND GPL-3.0-or-later"
RUN groupadd --gid 10001 koe \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/cache/koe --shell /usr/sbin/nologin koe \
    && install --directory --owner 10001 --group 10001 /models /var/cache/koe
ENV PATH=/opt/koe/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/var/cache/koe \
    XDG_CACHE_HOME=/var/cache \
    KOE_MODEL_DIR=/models \
    KOE_SERVER__HOST=0.0.0.0
WORKDIR /var/cache/koe
USER 10001:10001
VOLUME ["/models", "/var/cache/koe"]
EXPOSE 8354
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s --retries=3 \
    CMD ["python", "/opt/koe/health.py"]
ENTRYPOINT ["koe"]
CMD ["serve"]

FROM runtime AS gpu
ENV NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility \
    KOE_INFERENCE__PROVIDERS="[\"cuda\"]"
COPY --from=build-gpu /opt/koe /opt/koe
COPY deploy/docker/health.py /opt/koe/

FROM runtime AS cpu
COPY --from=build /opt/koe /opt/koe
COPY deploy/docker/health.py /opt/koe/
