"""What readers and shops write to each other."""

from django.urls import path

from marketplace.storefront import question_views, thread_views

_OF_ORDER = "orders/<str:number>/<str:key>/words/<str:part>/"

urlpatterns = [
    path("shops/<slug:slug>/ask/", question_views.ask, name="ask"),
    path("questions/<int:pk>/<str:key>/", question_views.question, name="question"),
    path("questions/<int:pk>/<str:key>/files/<int:file_id>/", question_views.question_file, name="question-file"),
    path("account/messages/", question_views.mine, name="my-words"),
    path(_OF_ORDER, thread_views.words, name="order-words"),
    path(f"{_OF_ORDER}files/<int:pk>/", thread_views.file, name="order-words-file"),
    path(f"{_OF_ORDER}wrong/", thread_views.report, name="order-incident"),
    path(f"{_OF_ORDER}settled/", thread_views.settle, name="order-settle"),
]
