"""The operator's board and the health address."""

from django.urls import path

from marketplace.operations import (
    board_views,
    commission_views,
    facts_views,
    health_views,
    key_views,
    moderation_views,
    network_views,
    question_views,
    review_views,
    run_views,
    title_views,
)

app_name = "operations"
urlpatterns = [
    path("healthz", health_views.healthz, name="healthz"),
    path("board/", board_views.board, name="board"),
    path("board/lists/<slug:name>/", board_views.listed, name="list"),
    path("board/parked/", board_views.parked_rows, name="parked"),
    path("board/parked/<str:label>/<int:row_id>/retry/", board_views.retry, name="retry"),
    path("board/runs/<int:run_id>/", run_views.run, name="run"),
    path("board/runs/<int:run_id>/approve/", run_views.approve, name="approve-run"),
    path("board/runs/<int:run_id>/reject/", run_views.reject, name="reject-run"),
    path("board/titles/", title_views.titles, name="titles"),
    path("board/titles/changes/", title_views.title_changes, name="title-changes"),
    path("board/titles/changes/<int:move_id>/undo/", title_views.undo, name="title-undo"),
    path("board/titles/<int:product_id>/join/", title_views.join, name="title-join"),
    path("board/titles/<int:product_id>/part/", title_views.part, name="title-part"),
    path("board/questions/", question_views.questions, name="questions"),
    path("board/questions/<int:feed_id>/answer/", question_views.answer, name="answer-alike"),
    path("board/moderation/", moderation_views.waiting, name="moderation"),
    path("board/moderation/answer/", moderation_views.answer, name="moderate"),
    path("board/moderation/shops/<int:shop_id>/vouch/", moderation_views.vouch, name="vouch-shop"),
    path("board/reviews/", review_views.reviews, name="reviews"),
    path("board/reviews/answer/", review_views.answer, name="answer-reviews"),
    path("board/titles/<int:product_id>/", facts_views.title, name="title"),
    path("board/titles/<int:product_id>/facts/<slug:fact>/", facts_views.edit, name="edit-fact"),
    path("board/titles/<int:product_id>/facts/<slug:fact>/back/", facts_views.take_back, name="fact-back"),
    path("board/health/", board_views.health_page, name="health"),
    path("board/verify/", board_views.verify, name="verify"),
    path("board/keys/", key_views.read_keys, name="read-keys"),
    path("board/keys/make/", key_views.make, name="make-read-key"),
    path("board/keys/<int:key_id>/revoke/", key_views.revoke, name="revoke-read-key"),
    path("board/commission/", commission_views.commission_rules, name="commission"),
    path("board/commission/add/", commission_views.add_rule, name="add-commission"),
    path("board/commission/<int:rule_id>/end/", commission_views.end_rule, name="end-commission"),
    path("board/network/", network_views.edit_network, name="network"),
]
