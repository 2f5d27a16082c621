# Writes the golden pairs change_*, ranking_* and small_area_* of tests/golden: random estimates, and what base R makes of
# them by p.adjust, pt, qtukey, integrate and optimize. Run by hand in this folder, `Rscript comparison.R`; the tests only
# read. Shares and standard errors are fractions of 1; blank is not known.

put <- function(table, method, scenario, side) {
  write.csv(table, paste0(method, "_", scenario, "_", side, ".csv"), row.names = FALSE, na = "", quote = FALSE)
}

# Changes: one row per pair of editions, adjusted within a family. A standard error of 0 is that of one success and one
# failure more.
change <- function(scenario, seed, families, sizes, covariance = FALSE, edges = FALSE) {
  set.seed(seed)
  family <- rep(seq_len(families), times = sample(sizes, families, replace = TRUE))
  k <- length(family)
  n <- function() sample(15:400, k, replace = TRUE)
  later_n <- n(); earlier_n <- n()
  earlier <- rbinom(k, earlier_n, 0.8) / earlier_n
  later <- rbinom(k, later_n, pmin(0.98, pmax(0.3, earlier + rnorm(k, 0, 0.08)))) / later_n
  if (edges) { later[1:3] <- 1; earlier[3:4] <- 1; later[5] <- 0 }
  se <- function(p, n) sqrt(p * (1 - p) / (n - 1))
  input <- data.frame(family, later, later_se = se(later, later_n), later_df = later_n - 1, later_n_eff = later_n,
    earlier, earlier_se = se(earlier, earlier_n), earlier_df = earlier_n - 1, earlier_n_eff = earlier_n)
  if (edges) { input$later_se[7] <- NA; input$earlier_df[8] <- 0 }
  input$covariance <- if (covariance) runif(k, -0.2, 0.6) * input$later_se * input$earlier_se else NA
  put(input, "change", scenario, "input")
  mended <- function(p, se, n) {
    q <- (n * p + 1) / (n + 2)
    ifelse(!is.na(se) & se == 0, sqrt(q * (1 - q) / (n + 2)), se)
  }
  a <- mended(input$later, input$later_se, input$later_n_eff)
  b <- mended(input$earlier, input$earlier_se, input$earlier_n_eff)
  shared <- !is.na(input$covariance)
  se <- sqrt(a^2 + b^2 - 2 * ifelse(shared, input$covariance, 0))
  se[input$later_df == 0 | input$earlier_df == 0] <- NA
  df <- (a^2 + b^2)^2 / (a^4 / input$later_df + b^4 / input$earlier_df)
  df <- ifelse(shared, pmin(input$later_df, input$earlier_df), df)
  df[is.na(se)] <- NA
  d <- later - earlier
  p <- 2 * pt(-abs(d) / se, df)
  adjusted <- ave(p, family, FUN = function(p) p.adjust(p, "holm"))
  reach <- qt(0.975, df) * se
  expected <- data.frame(change = d, se, df, low = pmax(d - reach, -1), high = pmin(d + reach, 1), p_value = p,
    p_adjusted = adjusted, n_tests = ave(p, family, FUN = function(p) sum(!is.na(p))),
    direction = ifelse(is.na(adjusted), "untested", ifelse(adjusted >= 0.05, "none", ifelse(d > 0, "rise", "fall"))))
  put(format(expected, digits = 15, trim = TRUE), "change", scenario, "expected")
}

change("periods", 1979, 6, c(1, 5, 22))
change("shared_clusters", 1946, 5, c(3, 12), covariance = TRUE)
change("edges", 2000, 2, 12, edges = TRUE)

# Rankings: one row per unit of one group. Critical values by quadrature and by Tukey's range, differences counted in a loop.
ranking <- function(scenario, estimate, se) {
  put(data.frame(estimate, se), "ranking", scenario, "input")
  known <- !is.na(se)
  k <- sum(known)
  all_at_once <- if (k > 1) qtukey(0.95, k, Inf) / sqrt(2) else 0
  alone <- function(j) {
    others <- setdiff(which(known), j)
    if (!length(others)) return(0)
    rho <- floor(50 * se[j]^2 / (se[j]^2 + max(se[others])^2)) / 50
    inside <- function(c) integrate(function(z) {
      dnorm(z) * (pnorm((c - sqrt(rho) * z) / sqrt(1 - rho)) - pnorm((-c - sqrt(rho) * z) / sqrt(1 - rho)))^length(others)
    }, -9, 9, rel.tol = 1e-10, subdivisions = 500L)$value
    min(all_at_once, uniroot(function(c) inside(c) - 0.95, c(0, 10), tol = 1e-10)$root)
  }
  sets <- function(j, critical) {
    if (!known[j]) return(c(NA, NA))
    above <- 0; below <- 0
    for (i in setdiff(which(known), j)) {
      ahead <- (estimate[i] - estimate[j]) / sqrt(se[i]^2 + se[j]^2)
      above <- above + (ahead > critical); below <- below + (ahead < -critical)
    }
    c(1 + above, length(estimate) - below)
  }
  marginal <- t(sapply(seq_along(estimate), function(j) sets(j, if (known[j]) alone(j) else NA)))
  simultaneous <- t(sapply(seq_along(estimate), function(j) sets(j, all_at_once)))
  put(data.frame(low_marginal = marginal[, 1], high_marginal = marginal[, 2], low_simultaneous = simultaneous[, 1],
    high_simultaneous = simultaneous[, 2]), "ranking", scenario, "expected")
}

set.seed(2024)
ranking("district", round(rbeta(22, 40, 8), 6), round(runif(22, 0.01, 0.05), 6))
ranking("unknown_errors", round(rbeta(12, 40, 8), 6), ifelse(1:12 %in% c(3, 9), NA, round(runif(12, 0.005, 0.03), 6)))
ranking("far_apart", seq(0.95, 0.5, length.out = 8), rep(0.004, 8))
ranking("all_alike", rep(0.8, 15), round(runif(15, 0.01, 0.08), 6))
ranking("one", 0.8, 0.03)

# Small areas: one row per area of a group. The variance maximises the restricted likelihood in full, constants and all.
small_area <- function(scenario, seed, sizes, between) {
  set.seed(seed)
  input <- do.call(rbind, lapply(seq_along(sizes), function(group) {
    n <- sample(5:120, sizes[group], replace = TRUE)
    p <- sin(pmin(pmax(rnorm(sizes[group], asin(sqrt(0.85)), between[group]), 0), pi / 2))^2
    data.frame(group, share = rbinom(sizes[group], n, p) / n, n_eff = n)
  }))
  put(format(input, digits = 15, trim = TRUE), "small_area", scenario, "input")
  expected <- do.call(rbind, lapply(split(input, input$group), function(area) {
    y <- asin(sqrt(area$share)); D <- 1 / (4 * area$n_eff); X <- matrix(1, nrow(area), 1)
    restricted <- function(A) {
      V <- diag(A + D); W <- solve(V)
      P <- W - W %*% X %*% solve(t(X) %*% W %*% X) %*% t(X) %*% W
      -0.5 * (determinant(V)$modulus + determinant(t(X) %*% W %*% X)$modulus + t(y) %*% P %*% y)
    }
    tried <- c(0, 10^seq(-7, 0, by = 0.1))
    best <- tried[which.max(sapply(tried, restricted))]
    A <- optimize(restricted, c(best / 2, max(best * 2, 1e-7)), maximum = TRUE, tol = 1e-14)$maximum
    if (restricted(0) >= restricted(A)) A <- 0
    W <- solve(diag(A + D)); covariance <- solve(t(X) %*% W %*% X); mu <- drop(covariance %*% t(X) %*% W %*% y)
    gamma <- A / (A + D)
    predicted <- mu + gamma * (y - mu)
    mse <- gamma * D + (1 - gamma)^2 * drop(covariance) + 2 * D^2 / (A + D)^3 * 2 / sum(1 / (A + D)^2)
    back <- function(x) sin(pmin(pmax(x, 0), pi / 2))^2
    data.frame(share = back(predicted), low = back(predicted - qnorm(0.975) * sqrt(mse)),
      high = back(predicted + qnorm(0.975) * sqrt(mse)), direct_weight = gamma, synthetic = back(mu), variance = A)
  }))
  put(format(expected, digits = 15, trim = TRUE), "small_area", scenario, "expected")
}

small_area("districts", 1, c(22, 10, 30), c(0.08, 0.15, 0.05))
small_area("no_spread", 5, c(12, 15), c(0, 0))

# Rounds that share their clusters (needs the package survey): one row per form. Both waves are one design, and the change is a
# contrast of two ratios.
suppressMessages(library(survey))
shared_clusters <- function(scenario, seed, strata, clusters) {
  set.seed(seed)
  input <- do.call(rbind, lapply(seq_len(strata), function(h) do.call(rbind, lapply(seq_len(clusters), function(i) {
    leaning <- qlogis(0.75) + rnorm(1, 0, 0.8)
    do.call(rbind, lapply(1:2, function(wave) {
      m <- sample(4:9, 1)
      answers <- sample(0:4, m, replace = TRUE, prob = c(1, 2, 3, 4, 8))
      data.frame(wave, stratum = paste0("h", h), psu = paste0("i", i), weight = round(runif(m, 1, 40), 4),
        satisfied = rbinom(m, answers, plogis(leaning + 0.4 * (wave == 2))), answers,
        unit = sample(c("P1", "P2"), m, replace = TRUE, prob = c(2, 1)))
    }))
  }))))
  put(input, "rounds", scenario, "input")
  design <- svydesign(ids = ~psu, strata = ~stratum, weights = ~weight, data = input, nest = TRUE)
  expected <- do.call(rbind, lapply(c("P", "P1", "P2"), function(unit) {
    inside <- unit == "P" | input$unit == unit
    of <- function(column, wave) ifelse(inside & input$wave == wave, input[[column]], 0)
    whole <- update(design, s1 = of("satisfied", 1), n1 = of("answers", 1), s2 = of("satisfied", 2), n2 = of("answers", 2))
    change <- svycontrast(svytotal(~s1 + n1 + s2 + n2, whole), quote(s2 / n2 - s1 / n1))
    # Clusters less strata, of those with an answer in the unit, in the wave that has fewer.
    of_wave <- function(wave) {
      answered <- input[inside & input$wave == wave & input$answers > 0, ]
      nrow(unique(answered[c("stratum", "psu")])) - length(unique(answered$stratum))
    }
    data.frame(unit, change = coef(change)[[1]], se = SE(change)[[1]], df = min(of_wave(1), of_wave(2)))
  }))
  put(format(expected, digits = 15, trim = TRUE), "rounds", scenario, "expected")
}
shared_clusters("shared_clusters", 2023, 3, 5)
