# Debian, not Alpine: scikit-learn has no wheels for musl.
ARG PYTHON=3.13

FROM python:${PYTHON}-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
COPY requirements.lock requirements-dev.lock ./
RUN python -m venv /opt/daypaper \
 && /opt/daypaper/bin/pip install --require-hashes -r requirements.lock
# The build backend, at the versions and hashes of the development lock.
RUN awk '/^[a-z]/ { keep = /^(hatchling|packaging|pathspec|pluggy|tomlkit|trove-classifiers)==/ } keep' \
      requirements-dev.lock > build.lock \
 && python -m venv /opt/build \
 && /opt/build/bin/pip install --require-hashes -r build.lock
COPY pyproject.toml README.md LICENSE ./
COPY aggregator aggregator
COPY api api
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
 && /opt/daypaper/bin/pip install --no-deps /wheels/daypaper-*.whl

FROM python:${PYTHON}-slim
RUN useradd --system --uid 10001 --user-group --home-dir /data --shell /usr/sbin/nologin daypaper \
 && install --directory --owner daypaper --group daypaper --mode 0750 /data
COPY --from=build /opt/daypaper /opt/daypaper
WORKDIR /app
COPY topics.toml ./
ENV PATH=/opt/daypaper/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    DAYPAPER_DATA_DIR=/data
USER 10001:10001
VOLUME /data
EXPOSE 8000
# Without a proxy, since Docker may put one into the environment.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
  CMD ["python", "-c", "from urllib.request import ProxyHandler, build_opener; build_opener(ProxyHandler({})).open('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["daypaper", "run", "--host", "0.0.0.0"]
