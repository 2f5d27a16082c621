"""The wording of the sentences of the satisfaction section in both languages. Which one is said when stands in narrative.py."""

from __future__ import annotations

PHRASES = {
    "first": {"vi": "nhất", "en": "first"},
    "and": {"vi": "và", "en": "and"},
    "with_index": {"vi": " được nêu chỉ số", "en": " with an index to show"},
    "factor_before": {"vi": "yếu tố ", "en": "factor "},
    "criterion_before": {"vi": "tiêu chí ", "en": "criterion "},
    "units_commune_before": {"vi": "", "en": ""},
    "units_district_before": {"vi": "", "en": ""},
    "factor": {"vi": "yếu tố", "en": "factors"},
    "factor_1": {"vi": "yếu tố", "en": "factor"},
    "criterion": {"vi": "tiêu chí", "en": "criteria"},
    "criterion_1": {"vi": "tiêu chí", "en": "criterion"},
    "units_commune": {"vi": "đơn vị cấp xã", "en": "communes"},
    "units_commune_1": {"vi": "đơn vị cấp xã", "en": "commune"},
    "units_district": {"vi": "đơn vị cấp huyện", "en": "districts"},
    "units_district_1": {"vi": "đơn vị cấp huyện", "en": "district"},
}

SENTENCES = {
    # The survey
    "collected": {
        "vi": "trong kỳ, trên địa bàn {unit} thu được {n_forms:count} phiếu khảo sát theo “{instrument}”",
        "en": "{n_forms:count} {n_forms:form was|forms were} collected in {unit} in the period (“{instrument}”)",
    },
    "answered": {
        "vi": "trong {n_asked:count} lượt câu hỏi tính vào chỉ số chung có {n_answers:count} câu trả lời hợp lệ; "
        "{n_left_out:count} câu bỏ trống hoặc trả lời “không biết” không đưa vào tính",
        "en": "of {n_asked:count} {n_asked:question|questions} that count for the overall index {n_answers:count} "
        "{n_answers:has|have} a valid answer; {n_left_out:count} left blank or answered with “don't know” "
        "{n_left_out:is|are} left out",
    },
    "answered_all": {
        "vi": "cả {n_asked:count} lượt câu hỏi tính vào chỉ số chung đều có câu trả lời hợp lệ",
        "en": "every question that counts for the overall index ({n_asked:count}) has a valid answer",
    },
    "straight": {
        "vi": "có {n:count} trong số {n_judged:count} phiếu được xét chọn cùng một mức cho mọi câu trả lời",
        "en": "{n:count} of {n_judged:count} {n_judged:form|forms} looked at {n:has|have} one level for every answer",
    },
    "no_forms": {
        "vi": "trong kỳ, trên địa bàn {unit} chưa ghi nhận phiếu khảo sát nào",
        "en": "no survey form is recorded in {unit} in the period",
    },
    "too_few_forms": {
        "vi": "chỉ có {n_forms:count} phiếu có câu trả lời hợp lệ, ít hơn mức tối thiểu {minimum:count} phiếu, nên không nêu "
        "chỉ số, so sánh và thứ hạng",
        "en": "only {n_forms:count} {n_forms:form has|forms have} a valid answer, fewer than the minimum of {minimum:count}; "
        "index, comparison and rank are not stated",
    },
    "no_index": {
        "vi": "không có câu trả lời hợp lệ nên không tính được chỉ số hài lòng chung",
        "en": "without a valid answer there is no overall index",
    },
    "index": {
        "vi": "chỉ số hài lòng chung đạt {index:percent} ({n_satisfied:count} câu trả lời hài lòng trong {n_answers:count} câu "
        "trả lời hợp lệ)",
        "en": "the overall satisfaction index is {index:percent} ({n_satisfied:count} satisfied of {n_answers:count} valid "
        "{n_answers:answer|answers})",
    },
    "index_of_parts": {
        "vi": "chỉ số hài lòng chung đạt {index:percent}, là bình quân của {n_parts:count} chỉ số thành phần; "
        "phương pháp này không có khoảng tin cậy",
        "en": "the overall satisfaction index is {index:percent}, the mean of {n_parts:count} indices; this method has no "
        "confidence interval",
    },
    "interval": {
        "vi": "khoảng tin cậy 95% là từ {low:percent} đến {high:percent}",
        "en": "the 95% confidence interval is from {low:percent} to {high:percent}",
    },
    # Highest and lowest
    "single": {
        "vi": "chỉ có một {kind_1} có chỉ số để nêu: {name}, đạt {index:percent}",
        "en": "only one {kind_1} has an index to show: {name}, {index:percent}",
    },
    "all_equal": {
        "vi": "cả {n:count} {kind}{limit} cùng đạt {index:percent}",
        "en": "all {n:count} {kind}{limit} are at {index:percent}",
    },
    "highest": {
        "vi": "trong {n:count} {kind}{limit}, cao nhất là {what}{names:names}, đạt {index:percent}",
        "en": "of {n:count} {kind}{limit}, the highest is {what}{names:names} with {index:percent}",
    },
    "highest_shared": {
        "vi": "trong {n:count} {kind}{limit}, cao nhất là {what}{names:names}, cùng đạt {index:percent}",
        "en": "of {n:count} {kind}{limit}, the highest are {names:names}, each with {index:percent}",
    },
    "highest_by_many": {
        "vi": "trong {n:count} {kind}{limit}, {n_names:count} {kind} cùng đạt mức cao nhất {index:percent}",
        "en": "of {n:count} {kind}{limit}, {n_names:count} share the highest, {index:percent}",
    },
    "lowest": {
        "vi": "thấp nhất là {what}{names:names}, đạt {index:percent}",
        "en": "the lowest is {what}{names:names} with {index:percent}",
    },
    "lowest_shared": {
        "vi": "thấp nhất là {what}{names:names}, cùng đạt {index:percent}",
        "en": "the lowest are {names:names}, each with {index:percent}",
    },
    "lowest_by_many": {
        "vi": "có {n_names:count} {kind} cùng ở mức thấp nhất {index:percent}",
        "en": "{n_names:count} {kind} share the lowest, {index:percent}",
    },
    "few_forms_of_one": {
        "vi": "một {kind_1} có ít hơn {minimum:count} phiếu trả lời nên không nêu chỉ số",
        "en": "one {kind_1} is answered on fewer than {minimum:count} forms; its index is not stated",
    },
    "few_forms_of_some": {
        "vi": "có {n:count} {kind} có ít hơn {minimum:count} phiếu trả lời nên không nêu chỉ số",
        "en": "{n:count} {kind} are answered on fewer than {minimum:count} forms; their indices are not stated",
    },
    "no_answers_of_one": {
        "vi": "một {kind_1} không có câu trả lời hợp lệ nên không có chỉ số",
        "en": "one {kind_1} has no valid answer and so no index",
    },
    "no_answers_of_some": {
        "vi": "có {n:count} {kind} không có câu trả lời hợp lệ nên không có chỉ số",
        "en": "{n:count} {kind} have no valid answer and so no index",
    },
    # Against a year before
    "no_earlier": {
        "vi": "chưa có số liệu cùng kỳ năm trước để so sánh",
        "en": "there are no figures of the same period a year before to compare with",
    },
    "earlier_too_few": {
        "vi": "không so sánh với cùng kỳ năm trước ({before}) vì kỳ đó có ít hơn {minimum:count} phiếu trả lời",
        "en": "there is no comparison with a year before ({before}): fewer than {minimum:count} forms were answered then",
    },
    "not_comparable": {
        "vi": "không so sánh với cùng kỳ năm trước ({before}) vì thay đổi phương pháp: {reason}",
        "en": "there is no comparison with a year before ({before}), because the method changed: {reason}",
    },
    "rose": {
        "vi": "so với cùng kỳ năm trước ({before}: {before_pct:percent}), chỉ số hài lòng chung tăng {points:points} điểm phần "
        "trăm; mức tăng có ý nghĩa thống kê (p hiệu chỉnh {p:p})",
        "en": "against a year before ({before}: {before_pct:percent}) the overall index rose by {points:points} percentage "
        "points; the rise is statistically significant (adjusted p {p:p})",
    },
    "fell": {
        "vi": "so với cùng kỳ năm trước ({before}: {before_pct:percent}), chỉ số hài lòng chung giảm {points:points} điểm phần "
        "trăm; mức giảm có ý nghĩa thống kê (p hiệu chỉnh {p:p})",
        "en": "against a year before ({before}: {before_pct:percent}) the overall index fell by {points:points} percentage "
        "points; the fall is statistically significant (adjusted p {p:p})",
    },
    "higher_not_significant": {
        "vi": "chỉ số hài lòng chung cao hơn cùng kỳ năm trước ({before}: {before_pct:percent}) {points:points} điểm phần trăm, "
        "nhưng chưa đủ bằng chứng để kết luận mức hài lòng đã thay đổi (p hiệu chỉnh {p:p})",
        "en": "the overall index is {points:points} percentage points higher than a year before ({before}: "
        "{before_pct:percent}), which is not enough evidence that satisfaction changed (adjusted p {p:p})",
    },
    "lower_not_significant": {
        "vi": "chỉ số hài lòng chung thấp hơn cùng kỳ năm trước ({before}: {before_pct:percent}) {points:points} điểm phần "
        "trăm, nhưng chưa đủ bằng chứng để kết luận mức hài lòng đã thay đổi (p hiệu chỉnh {p:p})",
        "en": "the overall index is {points:points} percentage points lower than a year before ({before}: "
        "{before_pct:percent}), which is not enough evidence that satisfaction changed (adjusted p {p:p})",
    },
    "equal_not_significant": {
        "vi": "chỉ số hài lòng chung bằng cùng kỳ năm trước ({before}: {before_pct:percent}) khi làm tròn đến hai chữ số thập "
        "phân; chưa đủ bằng chứng để kết luận mức hài lòng đã thay đổi (p hiệu chỉnh {p:p})",
        "en": "rounded to two decimals the overall index equals that of a year before ({before}: {before_pct:percent}); there "
        "is not enough evidence that satisfaction changed (adjusted p {p:p})",
    },
    "equal_significant": {
        "vi": "chỉ số hài lòng chung khác cùng kỳ năm trước ({before}: {before_pct:percent}) có ý nghĩa thống kê (p hiệu chỉnh "
        "{p:p}), nhưng chênh lệch không đáng kể khi làm tròn đến hai chữ số thập phân",
        "en": "the overall index differs from that of a year before ({before}: {before_pct:percent}) significantly (adjusted "
        "p {p:p}), but by less than two decimals show",
    },
    "higher_untested": {
        "vi": "chỉ số hài lòng chung cao hơn cùng kỳ năm trước ({before}: {before_pct:percent}) {points:points} điểm phần trăm; "
        "chênh lệch không được kiểm định: {reason}",
        "en": "the overall index is {points:points} percentage points higher than a year before ({before}: "
        "{before_pct:percent}); the difference is not tested: {reason}",
    },
    "lower_untested": {
        "vi": "chỉ số hài lòng chung thấp hơn cùng kỳ năm trước ({before}: {before_pct:percent}) {points:points} điểm phần "
        "trăm; chênh lệch không được kiểm định: {reason}",
        "en": "the overall index is {points:points} percentage points lower than a year before ({before}: "
        "{before_pct:percent}); the difference is not tested: {reason}",
    },
    "equal_untested": {
        "vi": "chỉ số hài lòng chung bằng cùng kỳ năm trước ({before}: {before_pct:percent}) khi làm tròn đến hai chữ số thập "
        "phân; không được kiểm định: {reason}",
        "en": "rounded to two decimals the overall index equals that of a year before ({before}: {before_pct:percent}); this "
        "is not tested: {reason}",
    },
    "compared": {
        "vi": "có {n:count} {kind} so sánh được với cùng kỳ năm trước",
        "en": "the number of {kind} that compare with a year before is {n:count}",
    },
    "rise_named": {
        "vi": "tăng có ý nghĩa thống kê: {names:names}",
        "en": "significantly up: {names:names}",
    },
    "rise_counted": {
        "vi": "tăng có ý nghĩa thống kê: {n:count} {kind}",
        "en": "significantly up: {n:count} {kind}",
    },
    "rise_nobody": {
        "vi": "không {kind_1} nào tăng có ý nghĩa thống kê",
        "en": "no {kind_1} is significantly up",
    },
    "fall_named": {
        "vi": "giảm có ý nghĩa thống kê: {names:names}",
        "en": "significantly down: {names:names}",
    },
    "fall_counted": {
        "vi": "giảm có ý nghĩa thống kê: {n:count} {kind}",
        "en": "significantly down: {n:count} {kind}",
    },
    "fall_nobody": {
        "vi": "không {kind_1} nào giảm có ý nghĩa thống kê",
        "en": "no {kind_1} is significantly down",
    },
    "none_counted": {
        "vi": "chưa đủ bằng chứng về thay đổi: {n:count} {kind}",
        "en": "not enough evidence of a change: {n:count} of the {kind}",
    },
    "untested_counted": {
        "vi": "không kiểm định được: {n:count} {kind}",
        "en": "not tested: {n:count} of the {kind}",
    },
    "not_compared_counted": {
        "vi": "không so sánh được do thay đổi phương pháp hoặc quá ít phiếu ở kỳ trước: {n:count} {kind}",
        "en": "not compared, for a change of method or too few forms a year before: {n:count} of the {kind}",
    },
    # Rank
    "rank": {
        "vi": "theo chỉ số hài lòng chung, {unit} xếp thứ {rank:ordinal} trong {n:count} {level} được xếp hạng của {group}",
        "en": "by the overall index {unit} is number {rank:count} of {n:count} ranked {level} of {group}",
    },
    "rank_shared": {
        "vi": "theo chỉ số hài lòng chung, {unit} xếp thứ {rank:ordinal} (đồng hạng với {n_others:count} đơn vị khác) trong "
        "{n:count} {level} được xếp hạng của {group}",
        "en": "by the overall index {unit} is number {rank:count} (shared with {n_others:count} other {n_others:unit|units}) "
        "of {n:count} ranked {level} of {group}",
    },
    "ranked_alone": {
        "vi": "{unit} là {level_1} duy nhất của {group} được xếp hạng nên không có đơn vị để so sánh",
        "en": "{unit} is the only ranked {level_1} of {group}, so there is nothing to compare it with",
    },
    "not_ranked": {
        "vi": "{unit} không được xếp hạng trong {group}: {reason}",
        "en": "{unit} is not ranked in {group}: {reason}",
    },
    "rank_between": {
        "vi": "với độ tin cậy 95%, thứ hạng nằm trong khoảng từ {low:count} đến {high:count}",
        "en": "with 95% confidence the rank is between {low:count} and {high:count}",
    },
    "rank_sure": {
        "vi": "với độ tin cậy 95%, thứ hạng là {low:count}",
        "en": "with 95% confidence the rank is {low:count}",
    },
    "rank_unsure": {
        "vi": "không có khoảng tin cậy của thứ hạng: {reason}",
        "en": "the rank has no confidence set: {reason}",
    },
    # Targets, shortfall and what stands beside it
    "whole_no_target": {
        "vi": "không có chỉ tiêu nào áp dụng cho chỉ số hài lòng chung trong kỳ",
        "en": "no target is in force for the overall index in the period",
    },
    "whole_below": {
        "vi": "chỉ số hài lòng chung thấp hơn chỉ tiêu {target:percent}, còn thiếu {points:points} điểm phần trăm",
        "en": "the overall index is {points:points} percentage points below the target of {target:percent}",
    },
    "whole_below_rounded": {
        "vi": "chỉ số hài lòng chung thấp hơn chỉ tiêu {target:percent} nhưng làm tròn đến hai chữ số thập phân thì bằng chỉ tiêu",
        "en": "the overall index is below the target of {target:percent}, but equal to it when rounded to two decimals",
    },
    "whole_below_surely": {
        "vi": "cả khoảng tin cậy 95% nằm dưới chỉ tiêu",
        "en": "the whole 95% confidence interval is below the target",
    },
    "whole_meets": {
        "vi": "chỉ số hài lòng chung đạt chỉ tiêu {target:percent}, cao hơn chỉ tiêu {points:points} điểm phần trăm",
        "en": "the overall index meets the target of {target:percent}; it is {points:points} percentage points above it",
    },
    "whole_meets_rounded": {
        "vi": "chỉ số hài lòng chung đạt chỉ tiêu {target:percent} và bằng chỉ tiêu khi làm tròn đến hai chữ số thập phân",
        "en": "the overall index meets the target of {target:percent} and equals it when rounded to two decimals",
    },
    "whole_meets_surely": {
        "vi": "cả khoảng tin cậy 95% đều đạt chỉ tiêu",
        "en": "the whole 95% confidence interval meets the target",
    },
    "whole_perhaps": {
        "vi": "chỉ tiêu nằm trong khoảng tin cậy 95%; chênh lệch so với chỉ tiêu có thể do ngẫu nhiên",
        "en": "the target lies within the 95% confidence interval; chance alone may explain the difference from it",
    },
    "factors_meet": {
        "vi": "trong {n:count} yếu tố có chỉ tiêu và được nêu chỉ số, không yếu tố nào thấp hơn chỉ tiêu",
        "en": "of {n:count} {n:factor|factors} with a target and an index none is below the target",
    },
    "factors_below": {
        "vi": "trong {n:count} yếu tố có chỉ tiêu và được nêu chỉ số, có {n_below:count} yếu tố thấp hơn chỉ tiêu: {names:names}",
        "en": "of {n:count} {n:factor|factors} with a target and an index {n_below:count} {n_below:is|are} below the target: "
        "{names:names}",
    },
    "factors_below_counted": {
        "vi": "trong {n:count} yếu tố có chỉ tiêu và được nêu chỉ số, có {n_below:count} yếu tố thấp hơn chỉ tiêu",
        "en": "of {n:count} {n:factor|factors} with a target and an index {n_below:count} {n_below:is|are} below the target",
    },
    "no_targets": {
        "vi": "không có chỉ tiêu nào áp dụng cho các tiêu chí trong kỳ",
        "en": "no target is in force for the criteria in the period",
    },
    "below_one_target": {
        "vi": "có {n_below:count} trong số {n:count} tiêu chí{limit} thấp hơn chỉ tiêu {target:percent}",
        "en": "{n_below:count} of {n:count} {n:criterion|criteria}{limit} {n_below:is|are} below the target of "
        "{target:percent}",
    },
    "all_below_one_target": {
        "vi": "cả {n:count} tiêu chí{limit} đều thấp hơn chỉ tiêu {target:percent}",
        "en": "all {n:count} criteria{limit} are below the target of {target:percent}",
    },
    "below_their_targets": {
        "vi": "có {n_below:count} trong số {n:count} tiêu chí{limit} thấp hơn chỉ tiêu riêng của từng tiêu chí",
        "en": "{n_below:count} of {n:count} {n:criterion|criteria}{limit} {n_below:is|are} below "
        "{n_below:its|their} own target",
    },
    "all_below_their_targets": {
        "vi": "cả {n:count} tiêu chí{limit} đều thấp hơn chỉ tiêu riêng của từng tiêu chí",
        "en": "all {n:count} criteria{limit} are below their own targets",
    },
    "none_below": {
        "vi": "trong {n:count} tiêu chí{limit}, không có tiêu chí nào thấp hơn chỉ tiêu áp dụng trong kỳ",
        "en": "of {n:count} criteria{limit} none is below a target in force in the period",
    },
    "one_not_below": {
        "vi": "tiêu chí duy nhất có chỉ số không thấp hơn chỉ tiêu áp dụng trong kỳ",
        "en": "the one criterion with an index is not below a target in force in the period",
    },
    "surely_below": {
        "vi": "khoảng tin cậy 95% của tiêu chí này nằm hoàn toàn dưới chỉ tiêu",
        "en": "its whole 95% confidence interval is below the target",
    },
    "not_surely_below": {
        "vi": "khoảng tin cậy 95% của tiêu chí này không nằm hoàn toàn dưới chỉ tiêu; chênh lệch có thể do ngẫu nhiên",
        "en": "its 95% confidence interval is not wholly below the target; chance alone may explain the gap",
    },
    "surely_below_all": {
        "vi": "cả {n_below:count} tiêu chí này đều có khoảng tin cậy 95% nằm hoàn toàn dưới chỉ tiêu",
        "en": "all {n_below:count} have their whole 95% confidence interval below the target",
    },
    "surely_below_some": {
        "vi": "trong đó {n_sure:count} tiêu chí có khoảng tin cậy 95% nằm hoàn toàn dưới chỉ tiêu; với các tiêu chí còn lại, "
        "chênh lệch có thể do ngẫu nhiên",
        "en": "of these, {n_sure:count} {n_sure:has its|have their} whole 95% confidence interval below the target; for the "
        "others chance alone may explain the gap",
    },
    "surely_below_none": {
        "vi": "không tiêu chí nào có khoảng tin cậy 95% nằm hoàn toàn dưới chỉ tiêu; chênh lệch có thể do ngẫu nhiên",
        "en": "none has its whole 95% confidence interval below the target; chance alone may explain the gap",
    },
    "just_below": {
        "vi": "thấp hơn chỉ tiêu nhưng làm tròn đến hai chữ số thập phân thì bằng chỉ tiêu: {names:names}",
        "en": "below the target, but equal to it when rounded to two decimals: {names:names}",
    },
    "falling_only": {
        "vi": "ngoài ra, {n:count} tiêu chí không thấp hơn chỉ tiêu nhưng giảm có ý nghĩa thống kê so với cùng kỳ năm trước",
        "en": "besides, {n:count} {n:criterion is|criteria are} not below target but fell significantly against a year before",
    },
    "lacking": {
        "vi": "chỉ số chung còn thiếu {lacking:points} điểm phần trăm so với mức 100%",
        "en": "the overall index lacks {lacking:points} percentage points to 100%",
    },
    "most_lacking": {
        "vi": "chỉ số chung còn thiếu {lacking:points} điểm phần trăm so với mức 100%; phần thiếu lớn nhất thuộc tiêu chí "
        "{names:names}: {points:points} điểm phần trăm",
        "en": "the overall index lacks {lacking:points} percentage points to 100%; the largest part of it falls on criterion "
        "{names:names}: {points:points} percentage points",
    },
    "most_lacking_shared": {
        "vi": "chỉ số chung còn thiếu {lacking:points} điểm phần trăm so với mức 100%; phần thiếu lớn nhất thuộc các tiêu chí "
        "{names:names}: mỗi tiêu chí {points:points} điểm phần trăm",
        "en": "the overall index lacks {lacking:points} percentage points to 100%; the largest parts of it fall on the criteria "
        "{names:names}: {points:points} percentage points each",
    },
    "beside": {
        "vi": "liên quan đến tiêu chí {name}, trong kỳ có {parts:names}",
        "en": "bearing on criterion {name}, the period had {parts:names}",
    },
    "complaints": {
        "vi": "{n:count} phản ánh, kiến nghị được tiếp nhận",
        "en": "{n:count} {n:complaint|complaints} received",
    },
    "complaints_late": {
        "vi": "{n:count} phản ánh, kiến nghị xử lý quá hạn",
        "en": "{n:count} {n:complaint|complaints} closed late",
    },
    "cases_late": {
        "vi": "{n:count} hồ sơ quá hạn",
        "en": "{n:count} late case {n:file|files}",
    },
    "no_cause": {
        "vi": "các số này được nêu để đối chiếu, không phải là nguyên nhân của chỉ số",
        "en": "these counts stand beside the index; they are not said to be its cause",
    },
    # Dialogues and the plan
    "no_dialogue": {
        "vi": "trong kỳ, trên địa bàn {unit} chưa ghi nhận cuộc đối thoại nào với công dân",
        "en": "no dialogue with citizens is recorded in {unit} in the period",
    },
    "dialogues_unknown": {
        "vi": "chưa có nguồn số liệu về đối thoại với công dân trên địa bàn {unit}",
        "en": "no source states dialogues with citizens in {unit}",
    },
    "minimum_asked": {
        "vi": "mức tối thiểu theo kế hoạch là {minimum:count} cuộc/năm",
        "en": "the plan asks for at least {minimum:count} a year",
    },
    "minimum_asked_of_communes": {
        "vi": "mức tối thiểu theo kế hoạch của mỗi đơn vị cấp xã là {minimum:count} cuộc/năm",
        "en": "the plan asks each commune for at least {minimum:count} a year",
    },
    "dialogues": {
        "vi": "trong kỳ, trên địa bàn {unit} đã tổ chức {n:count} cuộc đối thoại với công dân",
        "en": "{n:count} {n:dialogue|dialogues} with citizens {n:is|are} recorded in {unit} in the period",
    },
    "dialogues_attended": {
        "vi": "trong kỳ, trên địa bàn {unit} đã tổ chức {n:count} cuộc đối thoại với công dân, {n_participants:count} lượt người tham dự",
        "en": "{n:count} {n:dialogue|dialogues} with citizens {n:is|are} recorded in {unit} in the period, with "
        "{n_participants:count} {n_participants:participant|participants}",
    },
    "minimum_met": {
        "vi": "kết quả này đạt mức tối thiểu {minimum:count} cuộc/năm",
        "en": "this meets the minimum of {minimum:count} a year",
    },
    "minimum_missed": {
        "vi": "kết quả này chưa đạt mức tối thiểu {minimum:count} cuộc/năm, còn thiếu {missing:count} cuộc",
        "en": "this does not meet the minimum of {minimum:count} a year; {missing:count} {missing:is|are} lacking",
    },
    "minimum_met_so_far": {
        "vi": "đến hết kỳ đã đạt mức tối thiểu {minimum:count} cuộc của cả năm",
        "en": "this already meets the minimum of {minimum:count} for the whole year",
    },
    "minimum_missed_so_far": {
        "vi": "mức tối thiểu của cả năm là {minimum:count} cuộc; từ nay đến hết năm còn phải tổ chức ít nhất {missing:count} cuộc",
        "en": "the minimum for the whole year is {minimum:count}; at least {missing:count} more {missing:is|are} to be held",
    },
    "units_met": {
        "vi": "có {n_met:count} trong số {n:count} đơn vị phải tổ chức đối thoại đạt mức tối thiểu của năm ({share:percent})",
        "en": "{n_met:count} of {n:count} {n:unit that owes dialogues has|units that owe dialogues have} met the minimum of the "
        "year ({share:percent})",
    },
    "plan_due": {
        "vi": "theo kế hoạch có {n_due:count} cuộc đối thoại đến hạn: {n_in_time:count} cuộc thực hiện đúng hạn, {n_late:count} "
        "cuộc thực hiện muộn, {n_missed:count} cuộc chưa thực hiện",
        "en": "of {n_due:count} {n_due:dialogue|dialogues} due by the plan {n_in_time:count} {n_in_time:was|were} held in time, "
        "{n_late:count} late and {n_missed:count} not held",
    },
    "plan_open": {
        "vi": "có {n_open:count} cuộc đối thoại theo kế hoạch chưa đến hạn",
        "en": "{n_open:count} planned {n_open:dialogue is|dialogues are} not due yet",
    },
    # Units below
    "may_be_first": {
        "vi": "xét cả nhóm với độ tin cậy 95%, có {n_first:count} trong số {n:count} {kind} ({share:percent}) có khoảng thứ "
        "hạng gồm cả hạng nhất, tức là chưa phân biệt được với hạng nhất",
        "en": "with 95% confidence for the whole group, {n_first:count} of {n:count} {kind} ({share:percent}) may hold the first "
        "rank",
    },
    "members_below": {
        "vi": "có {n_below:count} trong số {n:count} {kind}{limit} có ít nhất một tiêu chí thấp hơn chỉ tiêu",
        "en": "{n_below:count} of {n:count} {kind}{limit} {n_below:has|have} at least one criterion below target",
    },
    "all_members_below": {
        "vi": "cả {n:count} {kind}{limit} đều có ít nhất một tiêu chí thấp hơn chỉ tiêu",
        "en": "all {n:count} {kind}{limit} have at least one criterion below target",
    },
    "no_members_below": {
        "vi": "trong {n:count} {kind}{limit}, không đơn vị nào có tiêu chí thấp hơn chỉ tiêu áp dụng trong kỳ",
        "en": "of {n:count} {kind}{limit} none has a criterion below a target in force in the period",
    },
}
