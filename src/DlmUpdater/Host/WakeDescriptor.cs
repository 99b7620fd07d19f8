namespace DlmUpdater.Host;

/// <summary>A descriptor that another thread can make readable, to end a poll.</summary>
internal sealed unsafe class WakeDescriptor : IDisposable
{
    // EFD_CLOEXEC and EFD_NONBLOCK are O_CLOEXEC and O_NONBLOCK.
    private readonly int _fd = Native.Process.eventfd(0, Native.O_CLOEXEC | Native.O_NONBLOCK);

    /// <summary>For poll; -1, which poll passes over, if the kernel gave none.</summary>
    public int Fd => _fd;

    /// <summary>Makes it readable, until <see cref="Reset"/>. From any thread.</summary>
    public void Wake()
    {
        ulong one = 1;
        _ = Native.Files.write(_fd, (byte*)&one, sizeof(ulong));
    }

    /// <summary>Makes it wait for the next <see cref="Wake"/>.</summary>
    public void Reset()
    {
        ulong count;
        _ = Native.Files.read(_fd, (byte*)&count, sizeof(ulong));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_fd >= 0)
            _ = Native.Files.close(_fd);
    }
}
