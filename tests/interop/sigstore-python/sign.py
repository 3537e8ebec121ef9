"""Signs with Sigstore's Python client: `python sign.py <orders.json>`.

Takes the orders of ../sigstore-js/sign.mjs, with `root` and `config` (the paths of a trusted root and a signing
configuration) in place of `services`.
"""

import json
import sys
from pathlib import Path

from sigstore.dsse import Statement
from sigstore.models import ClientTrustConfig
from sigstore.oidc import IdentityToken
from sigstore.sign import SigningContext

for order in json.loads(Path(sys.argv[1]).read_text()):
    trust = {
        "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
        "trustedRoot": json.loads(Path(order["root"]).read_text()),
        "signingConfig": json.loads(Path(order["config"]).read_text()),
    }
    context = SigningContext.from_trust_config(ClientTrustConfig.from_json(json.dumps(trust)))
    content = Path(order["file"]).read_bytes()
    with context.signer(IdentityToken(order["token"])) as signer:
        if order["kind"] == "dsse":
            bundle = signer.sign_dsse(Statement(content))
        else:
            bundle = signer.sign_artifact(content)
    Path(order["out"]).write_text(bundle.to_json())
