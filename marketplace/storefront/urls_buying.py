"""Basket, checkout, order: what `storefront/urls.py` includes."""

from django.urls import path

from marketplace.storefront import (
    again_views,
    basket_views,
    checkout_views,
    gift_card_views,
    local_views,
    order_views,
    reservation_views,
)

urlpatterns = [
    path("basket/", basket_views.basket, name="basket"),
    path("basket/add/", basket_views.add, name="basket-add"),
    path("basket/order/", basket_views.order_in_my_shop, name="basket-order"),
    path("basket/take/", basket_views.take, name="basket-take"),
    path("basket/<int:line_id>/quantity/", basket_views.change_quantity, name="basket-quantity"),
    path("basket/<int:line_id>/move/", basket_views.move, name="basket-move"),
    path("checkout/", checkout_views.start, name="checkout-start"),
    path("checkout/<str:token>/", checkout_views.resume, name="checkout"),
    path("checkout/<str:token>/who/", checkout_views.who, name="checkout-who"),
    path("checkout/<str:token>/where/", checkout_views.where, name="checkout-where"),
    path("checkout/<str:token>/how/", checkout_views.how, name="checkout-how"),
    path("checkout/<str:token>/pay/", checkout_views.pay, name="checkout-pay"),
    path("checkout/<str:token>/local/", local_views.enter, name="local"),
    path("checkout/<str:token>/local/off/", local_views.take_off, name="local-off"),
    path("account/local/", local_views.accounts, name="local-accounts"),
    path("checkout/<str:token>/gift-card/", gift_card_views.enter, name="gift-card"),
    path("checkout/<str:token>/gift-card/<int:use_id>/off/", gift_card_views.take_off, name="gift-card-off"),
    path("checkout/<str:token>/voucher/off/", gift_card_views.voucher_off, name="voucher-off"),
    path("checkout/<str:token>/again/", checkout_views.try_again, name="checkout-again"),
    path("checkout/<str:token>/cancelled/", checkout_views.cancelled, name="checkout-cancelled"),
    path("checkout/<str:token>/paid/", checkout_views.paid, name="checkout-paid"),
    path("reserve/<int:record_id>/", reservation_views.reserve, name="reserve"),
    path("reservations/<str:token>/", reservation_views.reservation, name="reservation"),
    path("reservations/<str:token>/give-up/", reservation_views.give_up, name="reservation-give-up"),
    path("reservations/<str:token>/<str:key>/", reservation_views.confirm, name="reservation-confirm"),
    path("orders/lost/", again_views.lost, name="order-lost"),
    path("orders/<str:number>/<str:key>/again/", again_views.again, name="order-again"),
    path("orders/<str:number>/<str:key>/", order_views.order, name="order"),
    path("orders/<str:number>/<str:key>/invoices/<str:part>/", order_views.invoice, name="order-invoice"),
    path("orders/<str:number>/<str:key>/documents/<int:pk>.pdf", order_views.document, name="order-document"),
    path("orders/<str:number>/<str:key>/cancel/<int:line_id>/", order_views.cancel, name="order-cancel"),
]
