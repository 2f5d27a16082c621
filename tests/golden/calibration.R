# Writes the golden pairs calibration_<scenario>_{input,expected}.csv of tests/golden: random designs with known numbers of
# people, and what R's survey package makes of them. Run by hand in this folder, `Rscript calibration.R`; tests only read.
#
# An input has one row per form: its place in the design, its weight, satisfied and valid answers, the domain it belongs to,
# the units in the frame at each stage (blank: not known), the categories of up to two margins and the people of each.
# An expected file has one row per domain (* is all): total of satisfied answers and share, with standard errors, and the
# sum of the calibrated weights.

suppressMessages(library(survey))

draw <- function(seed, strata, psus, people, equal = FALSE) {
  set.seed(seed)
  pick <- function(range) range[sample.int(length(range), 1)]
  rows <- list()
  for (h in seq_len(strata)) for (i in seq_len(max(pick(psus), 1))) {
    m <- pick(people)
    leaning <- plogis(qlogis(0.7) + rnorm(1, 0, 0.8))
    n <- sample(0:4, m, replace = TRUE)
    rows[[length(rows) + 1]] <- data.frame(
      stratum = paste0("h", h), psu = if (identical(psus, 0)) NA else paste0("i", i),
      weight = if (equal) 20 else round(runif(m, 5, 40), 4),
      satisfied = rbinom(m, n, leaning), answers = n, domain = sample(c("a", "b", "c"), m, replace = TRUE, prob = c(6, 3, 1)),
      margin_1 = sample(c("female", "male"), m, replace = TRUE, prob = c(2, 1)),
      margin_2 = sample(c("18-34", "35-60", "60+"), m, replace = TRUE)
    )
  }
  do.call(rbind, rows)
}

with_frame <- function(forms, sizes) {
  person <- seq_len(nrow(forms))
  unit <- ifelse(is.na(forms$psu), person, forms$psu)
  drawn <- ave(as.numeric(factor(unit)), forms$stratum, FUN = function(x) length(unique(x)))
  forms$frame_1 <- ceiling(sizes[1] * drawn)
  within <- ave(person, forms$stratum, forms$psu, FUN = length)
  forms$frame_2 <- ifelse(is.na(forms$psu), NA, ceiling(sizes[2] * within))
  forms
}

with_people <- function(forms, margins) {
  # About what the weights say, by chance away from it; every margin has one total.
  total <- round(1.1 * sum(forms$weight))
  for (margin in margins) {
    of <- interaction(forms[margin], drop = TRUE)
    share <- tapply(forms$weight, of, sum)
    share <- share * runif(length(share), 0.7, 1.4)
    people <- floor(total * share / sum(share))
    people[1] <- people[1] + total - sum(people)
    forms[[paste0("people_", paste(substr(margin, 8, 8), collapse = ""))]] <- as.integer(people[as.character(of)])
  }
  forms
}

write_pair <- function(scenario, forms, margins, fpc) {
  person <- seq_len(nrow(forms))
  data <- transform(forms, person = person, unit = ifelse(is.na(psu), paste("person", person), psu))
  frame <- if (!fpc) NULL else if (all(is.na(forms$psu))) ~frame_1 else ~ frame_1 + frame_2
  ids <- if (fpc && !all(is.na(forms$psu))) ~ unit + person else ~unit
  design <- svydesign(ids = ids, strata = ~stratum, weights = ~weight, fpc = frame, data = data, nest = TRUE)
  populations <- lapply(margins, function(margin) {
    name <- paste0("people_", paste(substr(margin, 8, 8), collapse = ""))
    unique(setNames(data[c(margin, name)], c(margin, "Freq")))
  })
  formulas <- lapply(margins, function(margin) reformulate(margin))
  design <- if (length(margins) == 1) {
    postStratify(design, formulas[[1]], populations[[1]])
  } else {
    rake(design, formulas, populations, control = list(maxit = 1000, epsilon = 1e-13))
  }
  of_domain <- function(name) {
    part <- if (name == "*") design else subset(design, domain == name)
    total <- svytotal(~satisfied, part)
    share <- svyratio(~satisfied, ~answers, part)
    data.frame(
      domain = name, weight = sum(weights(part)), total = coef(total)[[1]], total_se = SE(total)[[1]],
      ratio = coef(share)[[1]], ratio_se = SE(share)[[1]]
    )
  }
  result <- do.call(rbind, lapply(c("*", "a", "b", "c"), of_domain))
  numbers <- sapply(result, is.numeric)
  result[numbers] <- lapply(result[numbers], format, digits = 15, trim = TRUE, scientific = FALSE)
  write.csv(forms, paste0("calibration_", scenario, "_input.csv"), row.names = FALSE, quote = FALSE, na = "")
  write.csv(result, paste0("calibration_", scenario, "_expected.csv"), row.names = FALSE, quote = FALSE)
}

sex <- list("margin_1")
both <- list("margin_1", "margin_2")
crossed <- list(c("margin_1", "margin_2"))
make <- function(scenario, forms, margins, fpc) write_pair(scenario, with_people(with_frame(forms, c(6, 8)), margins), margins, fpc)

make("post_stratified_people", draw(1, 3, 0, 30:45), sex, TRUE)
make("post_stratified_crossed", draw(2, 2, 0, 50:60), crossed, FALSE)
make("post_stratified_clusters", draw(3, 2, 6:8, 6:12), sex, FALSE)
make("post_stratified_two_stages", draw(4, 2, 5:7, 6:12), sex, TRUE)
make("raked_people", draw(5, 3, 0, 30:45), both, TRUE)
make("raked_people_equal_weights", draw(6, 1, 0, 80:90, equal = TRUE), both, FALSE)
make("raked_clusters", draw(7, 2, 6:8, 8:14), both, FALSE)
make("raked_two_stages", draw(8, 2, 5:7, 8:14), both, TRUE)
