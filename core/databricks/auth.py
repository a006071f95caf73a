"""How to log in, as the connector wants to be told."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from core.databricks.faults import Trouble, WarehouseError
from core.databricks.target import AuthKind, Target
from core.secrets import register

_EARLY_S = 60.0
_TIMEOUT_S = 30.0


def login(target: Target) -> dict[str, Any]:
    """Arguments of the connector's `connect`."""
    if target.auth is AuthKind.PAT:
        return {"access_token": target.token}
    if target.auth is AuthKind.OAUTH_M2M:
        return {"credentials_provider": ServicePrincipal(target)}
    if target.auth is AuthKind.AZURE_SP:
        return {
            "auth_type": "azure-sp-m2m",
            "azure_client_id": target.client_id,
            "azure_client_secret": target.client_secret,
            "azure_tenant_id": target.tenant_id,
        }
    azure = target.host.endswith(".azuredatabricks.net")
    return {"auth_type": "azure-oauth" if azure else "databricks-oauth"}


class ServicePrincipal:
    """OAuth's client credentials at the workspace's own token endpoint; a token is kept until it nearly expires."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._token = ""
        self._until = 0.0

    def auth_type(self) -> str:
        return "oauth-m2m"

    def __call__(self) -> Callable[[], dict[str, str]]:
        return self._headers

    def _headers(self) -> dict[str, str]:
        if time.monotonic() >= self._until:
            self._ask()
        return {"Authorization": f"Bearer {self._token}"}

    def _ask(self) -> None:
        import urllib3

        target = self._target
        pool = urllib3.PoolManager(ca_certs=target.ca_file, retries=False, timeout=_TIMEOUT_S)
        headers = urllib3.make_headers(basic_auth=f"{target.client_id}:{target.client_secret}")
        body = {"grant_type": "client_credentials", "scope": "all-apis"}
        try:
            answer = pool.request(
                "POST", f"{target.address}/oidc/v1/token", fields=body, headers=headers, encode_multipart=False
            )
        except urllib3.exceptions.HTTPError as error:
            raise WarehouseError(Trouble.NETWORK, f"{target.host} could not be reached for a token") from error
        if answer.status in (429, 503):
            raise WarehouseError(Trouble.BUSY, f"{target.host} is busy")
        if answer.status != 200:
            hint = "check DATABRICKS_CLIENT_ID and DATABRICKS_CLIENT_SECRET; the secret may have expired"
            who = f"{target.host} refuses the {target.login} (HTTP {answer.status})"
            raise WarehouseError(Trouble.LOGIN, who, hint=hint)
        found = json.loads(answer.data)
        self._token = str(found["access_token"])
        register(self._token)
        self._until = time.monotonic() + max(float(found.get("expires_in", 3600)) - _EARLY_S, 0.0)
