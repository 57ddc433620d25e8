# syntax=docker/dockerfile:1
FROM python:3.11-slim AS build
WORKDIR /src
COPY . .
RUN python -m venv /opt/koe && /opt/koe/bin/pip install --no-cache-dir .

FROM python:3.11-slim
COPY --from=build /opt/koe /opt/koe
RUN useradd --create-home --uid 10001 koe && install -d -o koe /models
USER koe
ENV PATH=/opt/koe/bin:$PATH KOE_MODEL_DIR=/models
VOLUME /models
EXPOSE 8354
HEALTHCHECK --interval=10s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8354/health/ready', timeout=5)"]
ENTRYPOINT ["koe"]
CMD ["serve", "--host", "0.0.0.0"]
