"""Where Stripe's events arrive."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from marketplace.payments import events, gateway, invoice_files
from marketplace.payments.models import Invoice

MAX_BYTES = 512 * 1024


def invoice_file(invoice: Invoice) -> HttpResponse:
    """The document as a file to keep."""
    answer = HttpResponse(invoice_files.pdf(invoice), content_type="application/pdf")
    answer["Content-Disposition"] = f'attachment; filename="{invoice.file_name}"'
    return answer


@csrf_exempt
@require_POST
def receive_event(request: HttpRequest) -> HttpResponse:
    """Store it and answer; it is applied by the worker. A wrong signature is 400 and leaves nothing behind."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > MAX_BYTES:
        return HttpResponse("too large", status=413)
    try:
        events.store(request.body, request.headers.get("Stripe-Signature", ""))
    except gateway.PaymentGatewayError as error:
        return HttpResponse(str(error), status=400, content_type="text/plain")
    return HttpResponse("ok")
