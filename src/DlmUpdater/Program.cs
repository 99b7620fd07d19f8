System.Console.WriteLine("dlm-updater");
