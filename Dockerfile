FROM python:3.13-slim AS build
WORKDIR /src
COPY pyproject.toml setup.py constraints.txt README.md LICENSE NOTICE ./
COPY notifier ./notifier
RUN python -m venv /opt/notifier \
    && /opt/notifier/bin/pip install --no-cache-dir --constraint constraints.txt ".[postgres]"

FROM python:3.13-slim
RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin notifier \
    && install -d -o notifier -g notifier /data
COPY --from=build /opt/notifier /opt/notifier
ENV PATH=/opt/notifier/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    NOTIFIER_DATABASE_URL=sqlite:////data/notifier.db
USER 10001:10001
WORKDIR /data
VOLUME /data
HEALTHCHECK --interval=60s --timeout=10s --start-period=60s CMD ["notifier", "doctor", "--live"]
ENTRYPOINT ["notifier"]
CMD ["run"]
