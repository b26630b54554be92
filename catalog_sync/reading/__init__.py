"""What several adapters share: fetching, text decoding, tables in CSV and XLSX, splitting XML."""
