# Writes the golden pairs design_<scenario>_{input,expected}.csv of tests/golden: random designs, and what R's survey
# package says of them. Run by hand in this folder, `Rscript design.R`, with survey 4.5 or newer; the tests only read.
#
# An input has one row per form: its place in the design, its weight, its satisfied and valid answers, the domain it
# belongs to, and the units in the frame at each stage (blank where the frame does not know). An expected file has one
# row per domain (* is all) and policy for single units.

suppressMessages(library(survey))
stopifnot(packageVersion("survey") >= "4.5")

draw <- function(seed, strata, psus, ssus, people, weights = "unequal", items = 4) {
  # Clusters per stratum, clusters per cluster (0: none) and people per last cluster are drawn from the ranges given.
  set.seed(seed)
  pick <- function(range) range[sample.int(length(range), 1)]
  rows <- list()
  for (h in seq_len(max(strata, 1))) for (i in seq_len(pick(psus))) for (j in seq_len(max(pick(ssus), 1))) {
    m <- pick(people)
    leaning <- plogis(qlogis(0.7) + rnorm(1, 0, 0.8))
    n <- sample(0:items, m, replace = TRUE, prob = c(0.08, rep(1, items)))
    rows[[length(rows) + 1]] <- data.frame(
      stratum = if (strata > 0) paste0("h", h) else NA, psu = paste0("i", i), ssu = paste0("j", j),
      weight = if (weights == "unequal") round(runif(m, 1, 40), 4) else 1,
      satisfied = rbinom(m, n, leaning), answers = n, domain = sample(c("a", "b", "c"), m, replace = TRUE, prob = c(6, 3, 1))
    )
  }
  forms <- do.call(rbind, rows)
  if (identical(ssus, 0)) forms$ssu <- NA
  forms
}

counted <- function(forms, sizes) {
  # The frame: as many times the units drawn as `sizes` says for the stage, rounded up.
  key <- function(...) interaction(..., drop = TRUE)
  stratum <- ifelse(is.na(forms$stratum), "", forms$stratum)
  person <- seq_len(nrow(forms))
  psu <- ifelse(is.na(forms$psu), paste("person", person), forms$psu)
  drawn <- function(unit, within) ave(as.numeric(factor(unit)), within, FUN = function(x) length(unique(x)))
  ssu <- ifelse(is.na(forms$ssu), paste("person", person), forms$ssu)
  forms$frame_1 <- ceiling(sizes[1] * drawn(key(stratum, psu), key(stratum)))
  forms$frame_2 <- ifelse(is.na(forms$psu), NA, ceiling(sizes[2] * drawn(key(stratum, psu, ssu), key(stratum, psu))))
  forms$frame_3 <- ifelse(is.na(forms$ssu), NA, ceiling(sizes[3] * drawn(person, key(stratum, psu, ssu))))
  forms
}

expected <- function(forms, policies) {
  person <- seq_len(nrow(forms))
  unit_1 <- ifelse(is.na(forms$psu), paste("person", person), forms$psu)
  unit_2 <- ifelse(is.na(forms$ssu), paste("person", person), forms$ssu)
  ids <- data.frame(unit_1, unit_2, unit_3 = person)
  strata <- ifelse(is.na(forms$stratum), "", forms$stratum)
  fpc <- NULL
  if (any(!is.na(forms$frame_1))) {
    # A unit that is a person has nothing drawn within it: one of one.
    whole <- function(frame, is_person) ifelse(is_person, 1, ifelse(is.na(frame), Inf, frame))
    known <- !is.na(forms$frame_1)
    fpc <- data.frame(
      whole(forms$frame_1, rep(FALSE, nrow(forms))),
      ifelse(known, whole(forms$frame_2, is.na(forms$psu)), Inf),
      ifelse(known, whole(forms$frame_3, is.na(forms$ssu)), Inf)
    )
  }
  of_forms <- svydesign(ids = ids, strata = strata, weights = forms$weight, fpc = fpc, data = forms, nest = TRUE)
  # One row per answer, whose last cluster is its form; a form without an answer keeps its place in the design.
  times <- pmax(forms$answers, 1)
  row <- rep(person, times)
  answers <- data.frame(
    satisfied = as.numeric(sequence(times) <= forms$satisfied[row]), valid = forms$answers[row] > 0,
    domain = forms$domain[row]
  )
  of_answers <- svydesign(
    ids = ids[row, ], strata = strata[row], weights = forms$weight[row], fpc = fpc[row, ], data = answers, nest = TRUE
  )
  found <- list()
  for (policy in policies) for (domain in c("*", sort(unique(forms$domain)))) {
    options(survey.lonely.psu = policy)
    inside <- if (domain == "*") rep(TRUE, nrow(forms)) else forms$domain == domain
    part <- subset(of_forms, inside & answers > 0)
    long <- subset(of_answers, inside[row] & valid)
    ratio <- tryCatch(svyratio(~satisfied, ~answers, part, deff = TRUE), error = function(e) NULL)
    replaced <- tryCatch(svyratio(~satisfied, ~answers, part, deff = "replace"), error = function(e) NULL)
    kept <- subset(forms, inside & answers > 0)
    line <- data.frame(
      single_psu = policy, domain = domain, estimate = with(kept, sum(weight * satisfied) / sum(weight * answers)),
      se = NA, df = degf(part), deff = NA, beta_low = NA, beta_high = NA, xlogit_low = NA, xlogit_high = NA,
      wilson_low = NA, wilson_high = NA
    )
    if (!is.null(ratio) && is.finite(SE(ratio)[1])) {
      line$se <- as.numeric(SE(ratio)[1])
      # Weights that do not add up to more than the sample say nothing of the population.
      line$deff <- as.numeric(attr(if (sum(kept$weight) > nrow(kept)) ratio else replaced, "deff")[1])
      stopifnot(abs(line$estimate - coef(ratio)) < 1e-12)
      if (line$se > 1e-9 && line$df > 0) for (method in c("beta", "xlogit", "wilson")) {
        interval <- svyciprop(~satisfied, long, method = method)
        stopifnot(abs(sqrt(as.numeric(attr(interval, "var"))) - line$se) < 1e-9)
        line[[paste0(method, "_low")]] <- attr(interval, "ci")[1]
        line[[paste0(method, "_high")]] <- attr(interval, "ci")[2]
      }
    }
    found[[length(found) + 1]] <- line
  }
  do.call(rbind, found)
}

save_pair <- function(scenario, forms, policies = "fail") {
  if (is.null(forms$frame_1)) forms[c("frame_1", "frame_2", "frame_3")] <- NA
  path <- function(kind) paste0("design_", scenario, "_", kind, ".csv")
  write.csv(forms, path("input"), row.names = FALSE, na = "", quote = FALSE)
  result <- expected(forms, policies)
  numbers <- vapply(result, is.double, TRUE)
  result[numbers] <- lapply(result[numbers], function(x) ifelse(is.na(x), NA, sprintf("%.15g", x)))
  write.csv(result, path("expected"), row.names = FALSE, na = "", quote = FALSE)
}

policies <- c("fail", "certainty", "adjust", "average")
people_only <- function(forms) transform(forms, psu = NA, ssu = NA)

save_pair("people", people_only(draw(1, 0, 1, 0, 60)))
save_pair("people_equal_weights", people_only(draw(2, 0, 1, 0, 40, weights = "equal", items = 1)))
save_pair("people_fpc", counted(people_only(draw(3, 0, 1, 0, 50)), c(3.1, NA, NA)))
save_pair("strata_fpc", counted(people_only(draw(4, 4, 1, 0, 5:25)), c(2.4, NA, NA)))
save_pair("clusters", draw(5, 3, 3:6, 0, 1:9))
save_pair("clusters_in_clusters", draw(6, 3, 2:5, 1:4, 1:6))
save_pair("two_stages_fpc", counted(draw(7, 0, 9, 0, 2:9), c(2.2, 1.7, NA)), policies)
save_pair("three_stages_fpc", counted(draw(8, 3, 3:5, 2:4, 2:6), c(2.5, 1.6, 3.3)), policies)
# A frame so nearly drawn that only the later stages vary in one stratum, and one stratum whose frame is not known.
census <- counted(draw(9, 3, 3:5, 2:3, 3:6), c(1.9, 1.5, 2.5))
census$frame_1[census$stratum == "h1"] <- ave(as.numeric(factor(census$psu)), census$stratum, FUN = function(x) length(unique(x)))[census$stratum == "h1"]
census[census$stratum == "h2", c("frame_1", "frame_2", "frame_3")] <- NA
save_pair("some_strata_known", census)
# One cluster in a stratum, drawn from several.
alone <- draw(10, 4, 3:4, 0, 3:8)
alone <- subset(alone, !(stratum %in% c("h1", "h3")) | psu == "i1")
save_pair("single_cluster", alone, policies)
save_pair("single_cluster_fpc", counted(alone, c(2.5, 1.5, NA)), policies)
# One person in a cluster, of several in the frame.
few <- counted(draw(11, 2, 4, 0, 1:4), c(2.5, 3.0, NA))
save_pair("single_person_fpc", few, policies)
# People and clusters drawn side by side in one stratum, villages and people side by side in one cluster.
mixed <- draw(12, 2, 4, 2:3, 2:6)
mixed$psu[mixed$stratum == "h1" & mixed$psu == "i4"] <- NA
mixed$ssu[is.na(mixed$psu) | mixed$ssu == "j2"] <- NA
save_pair("people_beside_clusters", counted(mixed, c(2.0, 1.8, 2.2)), policies)
# A domain in which all are satisfied, one that misses strata, one in a single cluster.
edge <- counted(draw(13, 4, 3, 2, 3:5), c(2.5, 1.5, 2.0))
edge$domain <- ifelse(edge$stratum == "h1", "stratum", ifelse(edge$stratum == "h2" & edge$psu == "i1", "cluster", "rest"))
edge$domain[edge$stratum == "h4"] <- "satisfied"
edge$satisfied[edge$domain == "satisfied"] <- edge$answers[edge$domain == "satisfied"]
save_pair("edges", edge)
# One village of several in a commune, one person of several in a village.
save_pair("single_village_fpc", counted(draw(14, 2, 3, 1:3, 1:4), c(2.5, 2.5, 2.0)), policies)
