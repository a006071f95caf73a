# The HTTP API, a worker, or any other command of nuvyn; its home is the volume.
#
#   docker build -t nuvyn .
#   docker run -e NUVYN_API_TOKEN=... -p 8080:8080 -v nuvyn:/home/nuvyn/data nuvyn
#   docker run -v nuvyn:/home/nuvyn/data nuvyn worker

FROM python:3.13-slim AS build
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY core core
COPY nuvyn_tui nuvyn_tui
ARG EXTRAS=api,azure,s3,databricks,postgresql,mysql,excel
RUN python -m venv /opt/nuvyn \
 && /opt/nuvyn/bin/pip install --no-cache-dir -c constraints.txt ".[${EXTRAS}]" \
 && /opt/nuvyn/bin/python -m compileall -q /opt/nuvyn/lib

FROM python:3.13-slim
RUN useradd --create-home --uid 1000 nuvyn \
 && install -d -o nuvyn -m 0700 /home/nuvyn/data
COPY --from=build /opt/nuvyn /opt/nuvyn
ENV PATH=/opt/nuvyn/bin:$PATH NUVYN_HOME=/home/nuvyn/data PYTHONUNBUFFERED=1
USER nuvyn
VOLUME /home/nuvyn/data
EXPOSE 8080
# A worker has no port; for it use --no-healthcheck.
HEALTHCHECK --interval=30s --timeout=5s CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/health', timeout=4)"]
ENTRYPOINT ["nuvyn"]
CMD ["serve", "--host", "0.0.0.0"]
