"""Says what Sigstore's Python client thinks of bundles: `python verify.py <cases.json>`.

Takes the same cases and prints the same lines as ../sigstore-js/verify.mjs, with a third verdict, `unsupported`:
this client reads no bundles that were signed with a key.
"""

import hashlib
import json
import sys
from pathlib import Path

from sigstore.errors import Error
from sigstore.models import Bundle, InvalidBundle, TrustedRoot
from sigstore.verify import Verifier
from sigstore.verify.policy import AllOf, Identity, OIDCIssuerV2


def verify(case: dict) -> None:
    bundle = Bundle.from_json(Path(case["bundle"]).read_bytes())
    artifact = Path(case["artifact"]).read_bytes()
    verifier = Verifier(trusted_root=TrustedRoot.from_file(case["root"]))
    policy = AllOf([Identity(identity=case["identity"], issuer=case["issuer"]), OIDCIssuerV2(case["issuer"])])
    if bundle._dsse_envelope is None:
        verifier.verify_artifact(artifact, bundle, policy)
        return
    _, payload = verifier.verify_dsse(bundle, policy)
    # As the client's own command line does: the library checks signatures, its caller the subject.
    digest = hashlib.sha256(artifact).hexdigest()
    if not any(subject["digest"].get("sha256") == digest for subject in json.loads(payload)["subject"]):
        raise Error("the statement is about another artifact")


def answer(case: dict) -> dict:
    try:
        verify(case)
    except InvalidBundle as error:
        key_only = "key" in case and "expected certificate" in str(error)
        return {"verdict": "unsupported" if key_only else "refused", "reason": str(error)}
    except (Error, ValueError) as error:
        return {"verdict": "refused", "reason": str(error)}
    return {"verdict": "accepted", "reason": ""}


for case in json.loads(Path(sys.argv[1]).read_text()):
    print(json.dumps({"id": case["id"], **answer(case)}))
