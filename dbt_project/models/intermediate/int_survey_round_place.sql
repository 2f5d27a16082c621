{{ sampling_places(ref('int_survey_round_form'), ref('stg_sampling_frame')) }}
