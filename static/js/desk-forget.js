// Whoever signs out, or comes to sign in, leaves no page of a shop's desk behind in this browser.
if ("caches" in window) caches.delete("halles-desk-pages");
