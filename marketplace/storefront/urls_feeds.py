"""What programs read: search engines, feed readers, reading apps, browsers' search boxes."""

from django.urls import path, re_path

from marketplace.storefront import feed_views, opds_views, sitemap_views

urlpatterns = [
    path("robots.txt", sitemap_views.robots, name="robots"),
    path("sitemap.xml", sitemap_views.index, name="sitemap"),
    re_path(
        r"^sitemap-(?P<kind>titles|names|pages)-(?P<number>\d{1,9})\.xml$", sitemap_views.part, name="sitemap-part"
    ),
    path("opensearch.xml", feed_views.opensearch, name="opensearch"),
    path("new/feed.atom", feed_views.arrivals, name="new-feed"),
    path("subject/<str:place>/feed.atom", feed_views.of_subject, name="subject-feed"),
    path("shops/<slug:slug>/feed.atom", feed_views.of_shop, name="shop-feed"),
    path("opds/", opds_views.start, name="opds"),
    path("opds/titles/", opds_views.titles, name="opds-titles"),
    path("opds/new/", opds_views.new, name="opds-new"),
    re_path(r"^opds/title/(?P<pk>\d{1,18})/$", opds_views.title, name="opds-title"),
    path("opds/shops/", opds_views.shops, name="opds-shops"),
    path("opds/shops/<slug:slug>/", opds_views.shop, name="opds-shop"),
    path("opds/subjects/", opds_views.all_subjects, name="opds-subjects"),
    path("opds/subjects/<str:place>/", opds_views.subject, name="opds-subject"),
]
