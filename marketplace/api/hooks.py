"""Where the systems of shops post their signed messages. No session, no cookie: the signature is all that counts."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from catalog_sync.doors import hooks, pushing, signatures
from marketplace.api import failures


@csrf_exempt
@require_POST
def receive_hook(request: HttpRequest, slug: str) -> HttpResponse:
    """Keep it and answer 202; the steps do the work. What is not believed or not understood leaves nothing behind."""
    webhook = hooks.find(slug)
    if webhook is None:
        return failures.answer(404, "There is no webhook at this address.")
    body = request.read(hooks.LARGEST_BYTES + 1)
    if len(body) > hooks.LARGEST_BYTES:
        return failures.answer(413, f"More than {hooks.LARGEST_BYTES // 1024} kB.")
    if hooks.is_ping(webhook, request.headers, body):
        return JsonResponse({})
    try:
        taken = hooks.take(webhook, request.headers, body, now=timezone.now())
    except signatures.SignatureError as error:
        return failures.answer(401, str(error))
    except pushing.KeyTakenError as error:
        return failures.answer(409, str(error))
    except (hooks.HookError, pushing.PushError) as error:
        return failures.answer(422, str(error))
    refused = [row._asdict() for row in taken.refused]
    return JsonResponse({"push": taken.push, "taken": taken.taken, "refused": refused}, status=202)
