"""The shop's workspace. An order's number never looks like a shop's room, so that mail can name it alone."""

from django.urls import URLPattern, URLResolver, include, path, re_path

from shops.portal import (
    column_views,
    declaring_views,
    desk_views,
    door_views,
    event_views,
    feed_views,
    money_views,
    order_views,
    profile_views,
    question_views,
    reservation_views,
    stock_views,
)

NUMBER = r"(?P<number>[0-9]{1,20}-[A-Z]{1,3})"

order_patterns: list[URLPattern | URLResolver] = [
    path("", order_views.order, name="order"),
    path("accept/", order_views.accept_all, name="accept-all"),
    path("lines/<int:line_id>/accept/", order_views.accept, name="accept"),
    path("lines/<int:line_id>/decline/", order_views.decline, name="decline"),
    path("put-back/", order_views.put_back, name="put-back"),
    path("pack/", order_views.pack, name="pack"),
    path("hand-over/", order_views.hand_over, name="hand-over"),
    path("pick-list/", order_views.picking_one, name="order-pick-list"),
    path("slip/", order_views.slip, name="slip"),
]

shop_patterns: list[URLPattern | URLResolver] = [
    path("", desk_views.desk, name="desk"),
    path("queue/", desk_views.queue_part, name="queue"),
    path("orders/", desk_views.orders, name="orders"),
    re_path(rf"^orders/{NUMBER}/", include(order_patterns)),
    path("pick-list/", desk_views.picking, name="pick-list"),
    path("feeds/", feed_views.feeds, name="feeds"),
    path("feeds/<slug:name>/reading/", declaring_views.declared, name="declared"),
    path("feeds/<slug:name>/reading/save/", declaring_views.declare, name="declare"),
    path("feeds/questions/", question_views.questions, name="questions"),
    path("feeds/<slug:name>/answer/", question_views.answer, name="answer-question"),
    path("feeds/<slug:name>/columns/", column_views.columns, name="columns"),
    path("feeds/<slug:name>/columns/choose/", column_views.choose, name="choose-columns"),
    path("feeds/<slug:name>/send/", feed_views.send, name="send"),
    path("feeds/<slug:name>/keys/", feed_views.make_key, name="make-key"),
    path("feeds/<slug:name>/host-key/", door_views.confirm_host_key, name="confirm-host-key"),
    path("feeds/<slug:name>/try/", door_views.try_list, name="try-list"),
    path("feeds/tried/<int:dry_run_id>/", door_views.dry_run, name="dry-run"),
    path("feeds/<slug:name>/webhook/", door_views.make_webhook, name="make-webhook"),
    path("feeds/<slug:name>/webhook/end/", door_views.end_webhook, name="end-webhook"),
    path("feeds/keys/<int:key_id>/revoke/", feed_views.revoke_key, name="revoke-key"),
    path("feeds/runs/<int:run_id>/", feed_views.run, name="run"),
    path("feeds/runs/<int:run_id>/errors.csv", feed_views.errors, name="errors"),
    path("feeds/runs/<int:run_id>/approve/", feed_views.approve, name="approve"),
    path("feeds/runs/<int:run_id>/reject/", feed_views.reject, name="reject"),
    path("feeds/runs/<int:run_id>/undo/", feed_views.undo, name="undo"),
    path("reservations/", reservation_views.listed, name="reservations"),
    path("reservations/<int:pk>/<slug:deed>/", reservation_views.act, name="reservation"),
    path("stock/", stock_views.stock, name="stock"),
    path("stock/<int:record_id>/till-is-right/", stock_views.till_is_right, name="till-is-right"),
    path("profile/", profile_views.profile, name="profile"),
    path("profile/save/", profile_views.save_profile, name="save-profile"),
    path("events/", event_views.events, name="events"),
    path("events/new/", event_views.new, name="event-new"),
    path("events/new/save/", event_views.save, name="event-save"),
    path("events/calendar/", event_views.save_calendar, name="save-calendar"),
    path("events/<int:event_id>/", event_views.change, name="event-change"),
    path("events/<int:event_id>/save/", event_views.save, name="event-save-change"),
    path("events/<int:event_id>/cancel/", event_views.cancel, name="event-cancel"),
    path("money/", money_views.money, name="money"),
]

app_name = "portal"
urlpatterns = [
    path("", desk_views.door, name="door"),
    re_path(rf"^orders/{NUMBER}/$", desk_views.order_of_any_shop, name="order-of-any-shop"),
    path("<slug:slug>/", include(shop_patterns)),
]
