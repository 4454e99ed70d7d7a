"""`python -m hanxun` is `hanxun`."""

from hanxun.main import main

if __name__ == "__main__":
    main()
