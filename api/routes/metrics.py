"""`/metrics`: what the service has counted, for Prometheus to fetch."""

from fastapi import APIRouter, Response
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from api.openapi import METRICS_RESPONSES
from api.service import CurrentService

router = APIRouter(tags=["service"])


@router.get("/metrics", response_class=Response, responses=METRICS_RESPONSES)
async def metrics(service: CurrentService) -> Response:
    """Counters, histograms and gauges in Prometheus' text format."""
    health = service.health
    text = await service.metrics.text(await health.open_runs(), await health.models_up())
    return Response(text, media_type=CONTENT_TYPE_PLAIN_0_0_4)
