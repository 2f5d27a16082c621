{{ index_as_now(broken_down=false) }}
