"""What readers send back: their rights (`rights`), asking (`asking`), what the shops do with it (`moving`), reminders
(`watching`), pictures (`photos`), letters (`letters`)."""
