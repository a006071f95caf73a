"""What Prometheus scrapes: the store's counts as they are, and how this server answers."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import Scope

from core.house import House
from core.jobs.model import JobState, SourceState

_BUCKETS = (0.005, 0.025, 0.1, 0.25, 1.0, 5.0, 30.0)


class Metrics:
    """The registry of one server; counts of jobs are the store's, so they outlive it."""

    def __init__(self, house: House) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_OfStore(house))
        self._requests = Counter(
            "nuvyn_http_requests", "Answered calls.", ("method", "route", "status"), registry=self._registry
        )
        self._seconds = Histogram(
            "nuvyn_http_request_duration_seconds",
            "How long calls took.",
            ("route",),
            buckets=_BUCKETS,
            registry=self._registry,
        )

    def observe(self, scope: Scope, status: int, seconds: float) -> None:
        """Count an answered call; see `core.api.gate.Observe`."""
        route = getattr(scope.get("route"), "path", None) or "other"
        method = scope["method"] if scope["method"] in ("GET", "POST", "DELETE") else "other"
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def text(self) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(self._registry)


class _OfStore(Collector):
    def __init__(self, house: House) -> None:
        self._house = house

    def collect(self) -> Iterator[Metric]:
        store = self._house.store
        counts = store.counts()
        jobs = GaugeMetricFamily("nuvyn_jobs", "Jobs in the store.", labels=("status",))
        for state in JobState:
            jobs.add_metric((state.value,), counts.jobs.get(state.value, 0))
        yield jobs
        sources = GaugeMetricFamily("nuvyn_sources", "Sources of these jobs.", labels=("status",))
        for source in SourceState:
            sources.add_metric((source.value,), counts.sources.get(source.value, 0))
        yield sources
        for name, about, value in (
            ("nuvyn_files_found", "Files in sources that ended well.", counts.files),
            ("nuvyn_bytes_found", "Bytes in these files.", counts.bytes),
            ("nuvyn_tables_found", "Tables found in them.", counts.tables),
            ("nuvyn_source_requests", "Requests sent to sources.", counts.requests),
        ):
            yield GaugeMetricFamily(name, about, value=value)
        yield GaugeMetricFamily("nuvyn_workers", "Workers that live.", value=store.workers.alive())
        durations = HistogramMetricFamily("nuvyn_job_duration_seconds", "How long ended jobs ran.")
        durations.add_metric(
            (), [*((str(le), n) for le, n in counts.durations), ("+Inf", counts.ended)], counts.seconds
        )
        yield durations
        yield CounterMetricFamily("nuvyn_events", "Events in the store's history.", value=counts.events)
