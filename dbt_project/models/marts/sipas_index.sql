{{ index_as_reported(broken_down=false) }}
