"""验真: any evidence file, sealed letter or receipt, judged in a limited child process by what this station trusts."""
